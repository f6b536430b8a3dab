/** Whether y is the same in all rows of keys[from, to), a row being key & rowMask. */
export function allEqual(
  y: Float64Array,
  keys: Int32Array,
  from: number,
  to: number,
  rowMask: number
): boolean {
  const first = y[keys[from] & rowMask]
  for (let at = from + 1; at < to; at++) if (y[keys[at] & rowMask] !== first) return false
  return true
}

/** Weighted mean of y over the rows of keys[from, to); exactly y where all of them agree. */
export function leafMean(
  y: Float64Array,
  weight: Float64Array,
  keys: Int32Array,
  from: number,
  to: number,
  rowMask: number
): number {
  if (allEqual(y, keys, from, to, rowMask)) return y[keys[from] & rowMask]
  let total = 0
  let sum = 0
  for (let at = from; at < to; at++) {
    const row = keys[at] & rowMask
    total += weight[row]
    sum += weight[row] * y[row]
  }
  return sum / total
}
