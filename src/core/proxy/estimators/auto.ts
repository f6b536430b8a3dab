import { groupByShape } from '../folds'
import { createRandom } from '../../random'
import { takeSamples, type Samples } from '../samples'
import { blendEstimator } from './blend'
import { candidates } from './candidates'
import { blendError, candidateErrors } from './selection'
import type { Estimator, FitOptions } from './estimator'

/**
 * The held-out error of a few dozen shapes is noisy, of seven shapes hardly more than a guess: another estimator must
 * be better by this share plus four over the number of shapes to take the place of the first candidate, and another
 * member must lower the blend's error by half of that to join.
 */
const betterToReplace = 0.05
const noisePerShape = 4
const maxMembers = 4
const innerFolds = 4
/** Above this, choosing looks at whole shapes drawn from the samples, about this many rows. */
const rowsToChooseOn = 3_000
/** Fitting trees and intervals on more rows than this gains nothing but time. */
const rowsToFit = 50_000

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

function chooseBlend(samples: Samples, options: FitOptions): Estimator {
  const view = shapesUpTo(samples, rowsToChooseOn, options.seed)
  const { extra, ...rest } = options
  const viewOptions: FitOptions =
    extra === undefined ? rest : { ...rest, extra: shapesUpTo(extra, rowsToChooseOn, options.seed) }
  const errors = candidateErrors(view, candidates, viewOptions, innerFolds)
  if (errors === null) return limited(blendEstimator('auto', [{ estimator: candidates[0], weight: 1 }]))
  const alone = candidates.map((_, at) => blendError(errors.logErrors, indicator(at)))
  const best = alone.indexOf(Math.min(...alone))
  const margin = betterToReplace + noisePerShape / groupByShape(view).groups
  const start = alone[best] < alone[0] * (1 - margin) ? best : 0
  const counts = indicator(start)
  let members = 1
  let error = alone[start]
  while (members < maxMembers) {
    let add = -1
    let lowest = error * (1 - margin / 2)
    for (let at = 0; at < candidates.length; at++) {
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
  const chosen = candidates
    .map((estimator, at) => ({ estimator, weight: counts[at] / members }))
    .filter(({ weight }) => weight > 0)
  return limited(blendEstimator('auto', chosen))
}

function indicator(at: number): Float64Array {
  const counts = new Float64Array(candidates.length)
  counts[at] = 1
  return counts
}

/** The estimator fitted on whole shapes of at most rowsToFit rows. */
function limited(estimator: Estimator): Estimator {
  return {
    ...estimator,
    fit: (samples, options) => estimator.fit(shapesUpTo(samples, rowsToFit, options.seed), options)
  }
}

/** Whole shapes in random order until `rows` rows are reached; the samples themselves when they are fewer. */
function shapesUpTo(samples: Samples, rows: number, seed: number): Samples {
  if (samples.count <= rows) return samples
  const { groupOf, groups } = groupByShape(samples)
  const sizes = new Int32Array(groups)
  for (const group of groupOf) sizes[group]++
  const order = createRandom(seed).shuffle(Int32Array.from({ length: groups }, (_, group) => group))
  const kept = new Uint8Array(groups)
  let total = 0
  for (const group of order) {
    if (total > 0 && total + sizes[group] > rows) continue
    kept[group] = 1
    total += sizes[group]
  }
  const indices: number[] = []
  for (let row = 0; row < samples.count; row++) if (kept[groupOf[row]] === 1) indices.push(row)
  return takeSamples(samples, indices.slice(0, rows))
}
