import { groupByShape, shapeFolds } from '../fit/folds'
import { predictHoldout } from '../fit/holdout'
import type { SampleTable } from '../samples'
import type { Estimator, FitOptions } from './estimator'

/** What held-out rows say of every candidate: log(predicted / measured), one array per candidate. */
export interface CandidateErrors {
  candidates: readonly Estimator[]
  logErrors: Float64Array[]
}

/** Unseen-shape predictions of all candidates on the same folds; null when the samples have a single shape. */
export function candidateErrors(
  samples: SampleTable,
  candidates: readonly Estimator[],
  options: FitOptions,
  folds: number
): CandidateErrors | null {
  if (groupByShape(samples).groups < 2) return null
  const split = shapeFolds(samples, folds)
  const { onProgress, ...quiet } = options
  const logErrors = candidates.map((candidate, at) => {
    const predicted = predictHoldout(samples, split, () => candidate, quiet)
    onProgress?.(at + 1, candidates.length, candidate.name)
    return predicted.map((value, row) => Math.log(value / samples.time[row]))
  })
  return { candidates, logErrors }
}

/** MAPE in percent of a weighted geometric mean of candidates. */
export function blendError(logErrors: readonly Float64Array[], weights: ArrayLike<number>): number {
  const count = logErrors[0].length
  let sum = 0
  for (let row = 0; row < count; row++) {
    let log = 0
    for (let at = 0; at < logErrors.length; at++) if (weights[at] > 0) log += weights[at] * logErrors[at][row]
    sum += Math.abs(Math.expm1(log))
  }
  return (100 * sum) / count
}
