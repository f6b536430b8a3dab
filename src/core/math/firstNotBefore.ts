/** Index of the first of ascending times that is not before `boundMs`; the length when all are (binary search). */
export function firstNotBefore(tMs: ArrayLike<number>, boundMs: number): number {
  let low = 0
  let high = tMs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (tMs[middle] < boundMs) low = middle + 1
    else high = middle
  }
  return low
}
