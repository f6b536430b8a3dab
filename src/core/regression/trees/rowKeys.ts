/** Keys (code << rowBits | row) of every feature, ascending. */
export function sortedKeys(codes: readonly Uint16Array[], count: number, rowBits: number): Int32Array {
  const sorted = new Int32Array(codes.length * count)
  codes.forEach((code, feature) => {
    const keys = sorted.subarray(feature * count, (feature + 1) * count)
    for (let row = 0; row < count; row++) keys[row] = (code[row] << rowBits) | row
    keys.sort()
  })
  return sorted
}

/** Mean of y and the largest distance from it, 1 where all are equal: sums of centred, scaled numbers neither cancel nor overflow. */
export function centreOf(y: Float64Array): { mean: number; scale: number } {
  let mean = 0
  for (const value of y) mean += value / y.length
  let scale = 0
  for (const value of y) scale = Math.max(scale, Math.abs(value - mean))
  return { mean, scale: scale || 1 }
}
