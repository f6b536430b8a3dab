import { fitInterval, measuredCoverage } from '../../regression/interval'

/** Level of the interval whose coverage is measured. */
export const intervalLevel = 0.9

/** log(measured / predicted) of held-out rows, ascending: what an interval is read from. */
export function calibrateInterval(predicted: Float64Array, measured: Float64Array): Float64Array {
  return fitInterval(predicted, measured).logRatios
}

const coverageFolds = 5

/** Share of rows inside the interval that is calibrated on the other configurations; null for fewer than two groups. */
export function coverageOf(
  predicted: Float64Array,
  measured: Float64Array,
  groupOf: Int32Array
): number | null {
  const groups = [...new Set(groupOf)]
  const folds = Math.min(coverageFolds, groups.length)
  const foldOf = groupOf.map((group) => groups.indexOf(group) % Math.max(1, folds))
  return measuredCoverage(predicted, measured, foldOf, intervalLevel)
}
