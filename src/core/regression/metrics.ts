import { spearman } from '../math/correlation'
import { quantile } from '../math/quantile'

/** Errors of a set of predictions. Percentages are percent (4.7 means 4.7 %), times in the samples' unit. */
export interface Metrics {
  count: number
  /** Mean absolute percentage error. */
  mape: number
  /** Coefficient of determination on the times themselves; null where all times are equal. */
  r2: number | null
  /** Mean absolute error. */
  mae: number
  /** 95th percentile of the absolute percentage error. */
  p95: number
  /** Rank correlation; null where it does not exist (one row, or all equal). */
  spearman: number | null
}

/** Share of the squares of equal times that rounding their mean may leave as their variance. */
const roundedAway = 1e-24

/** `predicted` and `measured` have equal lengths; measured > 0. */
export function metricsOf(predicted: ArrayLike<number>, measured: ArrayLike<number>): Metrics {
  const count = measured.length
  const percent = new Float64Array(count)
  let absolute = 0
  let percentSum = 0
  let mean = 0
  for (let row = 0; row < count; row++) mean += measured[row] / count
  let residual = 0
  let total = 0
  for (let row = 0; row < count; row++) {
    const error = predicted[row] - measured[row]
    percent[row] = (100 * Math.abs(error)) / measured[row]
    percentSum += percent[row]
    absolute += Math.abs(error)
    residual += error * error
    total += (measured[row] - mean) ** 2
  }
  return {
    count,
    mape: percentSum / count,
    r2: total > roundedAway * count * mean * mean ? 1 - residual / total : null,
    mae: absolute / count,
    p95: quantile(percent.sort(), 0.95),
    spearman: spearman(predicted, measured)
  }
}
