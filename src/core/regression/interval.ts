import { quantile } from '../math/quantile'

/**
 * Prediction intervals by conformal calibration on unseen shapes (Vovk, Gammerman and Shafer 2005; cross-conformal
 * as in Barber et al., Annals of Statistics 49, 2021): the logarithm of measured / predicted of rows that were held
 * out with their whole shape. The interval of a new layer is its prediction times two quantiles of those ratios.
 */
export interface IntervalFit {
  /** log(measured / predicted) of held-out rows, ascending. */
  readonly logRatios: Float64Array
}

/** More ratios than this say nothing new. */
const keptRatios = 2_000

/** Keeps the quantiles of log(measured / held-out prediction), at most `keptRatios` of them. */
export function fitInterval(holdout: ArrayLike<number>, measured: ArrayLike<number>): IntervalFit {
  const sorted = Float64Array.from({ length: measured.length }, (_, row) =>
    Math.log(measured[row] / holdout[row])
  ).sort()
  if (sorted.length <= keptRatios) return { logRatios: sorted }
  return {
    logRatios: Float64Array.from({ length: keptRatios }, (_, at) => quantile(sorted, at / (keptRatios - 1)))
  }
}

/** Factors (low <= high) a prediction is multiplied by for an interval of this level, 0 < level < 1. */
export function intervalFactors({ logRatios }: IntervalFit, level: number): { low: number; high: number } {
  const n = logRatios.length
  // The finite-sample correction of conformal prediction: with few ratios the interval reaches to the extremes.
  const tail = Math.max(0, ((1 - level) / 2) * (1 + 1 / n) - 1 / n)
  return { low: Math.exp(quantile(logRatios, tail)), high: Math.exp(quantile(logRatios, 1 - tail)) }
}

/**
 * Share of rows that fall into their interval when every fold is calibrated on the others: the coverage a new shape
 * can expect. null where there are fewer than two folds.
 */
export function measuredCoverage(
  holdout: ArrayLike<number>,
  measured: ArrayLike<number>,
  foldOf: Int32Array,
  level: number
): number | null {
  const folds = new Set(foldOf)
  if (folds.size < 2) return null
  let inside = 0
  for (const fold of folds) {
    const others: number[] = []
    const own: number[] = []
    foldOf.forEach((value, row) => (value === fold ? own : others).push(row))
    const calibration = fitInterval(
      others.map((row) => holdout[row]),
      others.map((row) => measured[row])
    )
    const { low, high } = intervalFactors(calibration, level)
    for (const row of own) {
      const ratio = measured[row] / holdout[row]
      if (ratio >= low * (1 - 1e-12) && ratio <= high * (1 + 1e-12)) inside++
    }
  }
  return inside / measured.length
}
