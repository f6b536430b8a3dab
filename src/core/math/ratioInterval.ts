import { studentTQuantile } from './studentT'

/** A figure with its interval. */
export interface RatioInterval {
  mean: number
  low: number
  high: number
}

/**
 * Mean per item from sums over batches of items, with its Student interval over the batches: the ratio estimator of Cochran,
 * "Sampling Techniques" (1977), 6.3, for batches that need not be of one size. How a single item varies within a batch need not be known.
 *
 * @param sums one sum per batch
 * @param counts items of each batch, above 0
 * @param confidence 0..1
 * @returns null below two batches: one has no spread
 */
export function ratioInterval(
  sums: readonly number[],
  counts: readonly number[],
  confidence: number
): RatioInterval | null {
  const batches = sums.length
  if (batches < 2) return null
  const items = counts.reduce((total, count) => total + count, 0)
  const mean = sums.reduce((total, sum) => total + sum, 0) / items
  const squares = sums.reduce((total, sum, at) => total + (sum - mean * counts[at]) ** 2, 0)
  const error = Math.sqrt((batches / (batches - 1)) * squares) / items
  const half = studentTQuantile((1 + confidence) / 2, batches - 1) * error
  return { mean, low: mean - half, high: mean + half }
}
