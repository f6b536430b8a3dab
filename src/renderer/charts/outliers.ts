import { quantile } from '@core/math/quantile'

/** Limits of an axis that leave outliers out, and how many values lie outside. */
export interface CalmLimits {
  low: number
  high: number
  outside: number
}

/**
 * Tukey's outer fences: values further than three times the middle half's width from it are outliers. Returns the least and the
 * largest of the others with 5 % of room; null where there is no outlier, or where half of all values are equal and every other
 * one would be an outlier.
 */
export function limitsWithoutOutliers(values: readonly number[]): CalmLimits | null {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort()
  if (sorted.length < 4) return null
  const [q1, q3] = [quantile(sorted, 0.25), quantile(sorted, 0.75)]
  const reach = 3 * (q3 - q1)
  if (reach === 0) return null
  const kept = sorted.filter((value) => value >= q1 - reach && value <= q3 + reach)
  const outside = sorted.length - kept.length
  if (outside === 0) return null
  const room = 0.05 * (kept.at(-1)! - kept[0])
  return { low: kept[0] - room, high: kept.at(-1)! + room, outside }
}
