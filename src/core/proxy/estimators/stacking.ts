import { nonNegativeLeastSquares } from '../../math/nnls'
import type { SampleTable } from '../samples'
import { blendEstimator } from './blend'
import { candidates } from './candidates'
import { candidateErrors } from './selection'
import type { Estimator, FitOptions } from './estimator'

const innerFolds = 5
/** Members with less weight than this are dropped: they cost a fit and change nothing. */
const minWeight = 0.02

/**
 * Stacked regression (Wolpert 1992; Breiman, Machine Learning 24, 1996): non-negative weights over all candidates
 * that minimise the squared log error of out-of-fold predictions on unseen shapes, normalised to sum to 1.
 */
export const stacking: Estimator = {
  name: 'stacking',
  title: 'stacking: weights fitted on unseen shapes',
  fit: (samples, options) => chooseWeights(samples, options).fit(samples, options),
  choose: chooseWeights
}

function chooseWeights(samples: SampleTable, options: FitOptions): Estimator {
  const errors = candidateErrors(samples, candidates, options, innerFolds)
  const n = candidates.length
  const equal = (): Estimator =>
    blendEstimator(
      'stacking',
      candidates.map((estimator) => ({ estimator, weight: 1 / n }))
    )
  if (errors === null) return equal()
  // With weights that sum to 1 the blend's log error is the weighted sum of log errors: minimise w' E w subject to
  // sum w = 1, w >= 0, the sum held by a stiff term.
  const gram = new Float64Array(n * n)
  const count = samples.count
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let row = 0; row < count; row++) sum += errors.logErrors[i][row] * errors.logErrors[j][row]
      gram[i * n + j] = gram[j * n + i] = sum / count
    }
  }
  let trace = 0
  for (let i = 0; i < n; i++) trace += gram[i * n + i]
  const stiff = 1e3 * Math.max(trace, 1e-12)
  const rhs = new Float64Array(n).fill(stiff)
  for (let at = 0; at < gram.length; at++) gram[at] += stiff
  const weights = nonNegativeLeastSquares(gram, rhs)
  const kept = candidates
    .map((estimator, at) => ({ estimator, weight: weights[at] }))
    .filter(({ weight }) => weight >= minWeight)
  const total = kept.reduce((sum, { weight }) => sum + weight, 0)
  if (!(total > 0)) return equal()
  return blendEstimator(
    'stacking',
    kept.map(({ estimator, weight }) => ({ estimator, weight: weight / total }))
  )
}
