import { drawShapes, enoughRows } from '../fit/drawShapes'
import { groupByShape } from '../fit/folds'
import { pooledError } from '../fit/holdout'
import type { SampleTable } from '../samples'
import { blendEstimator } from './blend'
import { candidates, candidatesToCompare, rooflineCandidate } from './candidates'
import { physicsEstimator, roofline } from './physical'
import { blendError, candidateErrors } from './selection'
import type { Estimator, FitOptions } from './estimator'

/**
 * The held-out error of a few dozen shapes is noisy, of seven shapes hardly more than a guess: another estimator must
 * be better by this share plus two over the number of shapes to take the place of the first candidate, and another
 * member must lower the blend's error by half of that to join.
 */
const betterToReplace = 0.05
const noisePerShape = 2
const maxMembers = 4
const innerFolds = 4
/** A base whose own error is more than this times that of the sum of work terms is no base for these samples. */
const worthComparingShare = 1.25
/** Above this, choosing looks at whole shapes drawn from the samples, about this many rows. */
const rowsToChooseOn = 3_000

/**
 * Automatic choice: ensemble selection with replacement (Caruana et al., ICML 2004) over the candidates, by their
 * pooled error on unseen shapes within the samples given. Starts from the first candidate unless another is clearly
 * better alone; members join only while that lowers the held-out error markedly.
 */
export const auto: Estimator = {
  name: 'auto',
  title: 'automatic: best on unseen shapes',
  fit: (samples, options) => chooseBlend(samples, options).fit(samples, options),
  choose: chooseBlend
}

function chooseBlend(samples: SampleTable, options: FitOptions): Estimator {
  const view = drawShapes(samples, rowsToChooseOn, options.seed)
  const { extra, ...alone } = options
  if (extra === undefined) return limited(chooseOn(view, alone).estimator)
  const helped = chooseOn(view, { ...alone, extra: drawShapes(extra, rowsToChooseOn, options.seed) })
  const unhelped = chooseOn(view, alone)
  return helped.error <= unhelped.error
    ? limited(helped.estimator)
    : withoutExtra(limited(unhelped.estimator))
}

/** The blend of candidates for these samples and its error on shapes that were held out. */
function chooseOn(view: SampleTable, options: FitOptions): { estimator: Estimator; error: number } {
  const compared = worthComparing(view, options)
  const errors = candidateErrors(
    view,
    compared.map((at) => candidatesToCompare[at]),
    options,
    innerFolds
  )
  if (errors === null) return { estimator: { ...candidates[0], name: 'auto' }, error: Infinity }
  const singles = compared.map((_, at) => blendError(errors.logErrors, indicator(compared.length, at)))
  const best = singles.indexOf(Math.min(...singles))
  const margin = betterToReplace + noisePerShape / groupByShape(view).groups
  const start = singles[best] < singles[0] * (1 - margin) ? best : 0
  const counts = indicator(compared.length, start)
  let members = 1
  let error = singles[start]
  while (members < maxMembers) {
    let add = -1
    let lowest = error * (1 - margin / 2)
    for (let at = 0; at < compared.length; at++) {
      counts[at]++
      const tried = blendError(
        errors.logErrors,
        counts.map((count) => count / (members + 1))
      )
      counts[at]--
      if (tried < lowest) [lowest, add] = [tried, at]
    }
    if (add < 0) break
    counts[add]++
    members++
    error = lowest
  }
  const chosen = compared
    .map((candidate, at) => ({ estimator: candidates[candidate], weight: counts[at] / members }))
    .filter(({ weight }) => weight > 0)
  return { estimator: blendEstimator('auto', chosen), error }
}

/** Returns the candidates, without the one on the roofline where that alone fits much worse than the additive base. */
function worthComparing(view: SampleTable, options: FitOptions): number[] {
  const all = candidates.map((_, at) => at)
  const roofed = pooledError(view, roofline, options, innerFolds)
  const summed = pooledError(view, physicsEstimator('physicsPair', 'pair', false), options, innerFolds)
  return roofed <= worthComparingShare * summed
    ? all
    : all.filter((at) => candidates[at].name !== rooflineCandidate)
}

/** Fits on the samples alone: the extra rows were found to mislead (another kernel, another clock). */
function withoutExtra(estimator: Estimator): Estimator {
  return {
    ...estimator,
    fit(samples, { extra: _misleading, ...options }) {
      const model = estimator.fit(samples, options)
      return {
        ...model,
        description: `${model.description}; without the extra rows, which raise the error on unseen shapes`
      }
    }
  }
}

function indicator(length: number, at: number): Float64Array {
  const counts = new Float64Array(length)
  counts[at] = 1
  return counts
}

/** The estimator fitted on whole shapes of at most enoughRows rows. */
function limited(estimator: Estimator): Estimator {
  return {
    ...estimator,
    fit: (samples, options) => estimator.fit(drawShapes(samples, enoughRows, options.seed), options)
  }
}
