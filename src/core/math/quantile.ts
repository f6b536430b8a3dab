/** Linear interpolation between order statistics (Hyndman and Fan, type 7). `sorted` ascending. NaN when empty. */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) return NaN
  const at = (sorted.length - 1) * Math.min(1, Math.max(0, fraction))
  const low = Math.floor(at)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low] + (at - low) * (sorted[high] - sorted[low])
}
