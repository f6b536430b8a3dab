/** Weights of a matrix product as int8 per output column and as 4-bit blocks. */

/** A weight matrix in int8, with a scale per column. */
export interface Int8Columns {
  /** rows x columns, as the weights. */
  readonly values: Int8Array
  /** One per column. */
  readonly scales: Float32Array
}

/** Symmetric int8 with a scale per column: w ≈ values * scales[column], |values| <= 127. */
export function int8Columns(weights: Float32Array, rows: number, columns: number): Int8Columns {
  const scales = new Float32Array(columns)
  for (let i = 0; i < weights.length; i++) {
    const column = i % columns
    scales[column] = Math.max(scales[column], Math.abs(weights[i]))
  }
  for (let column = 0; column < columns; column++) scales[column] = (scales[column] || 1) / 127
  const values = new Int8Array(rows * columns)
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.max(-127, Math.min(127, Math.round(weights[i] / scales[i % columns])))
  }
  return { values, scales }
}

/** Symmetric int8 with one scale: convolution kernels. */
export function int8Tensor(weights: Float32Array): { values: Int8Array; scale: number } {
  let largest = 0
  for (const value of weights) largest = Math.max(largest, Math.abs(value))
  const scale = (largest || 1) / 127
  return { values: Int8Array.from(weights, (value) => Math.round(value / scale)), scale }
}

/** A weight matrix in int4, with a scale per block of inputs of a column. */
export interface Int4Blocks {
  /** columns x blocks x blockSize/2 bytes, low half first: what MatMulNBits reads. */
  readonly packed: Uint8Array
  /** columns x blocks. */
  readonly scales: Float32Array
  readonly blocks: number
}

/**
 * 4-bit weights in blocks of `blockSize` along the rows, zero point 8: w ≈ (q - 8) * scale. The scale maps the entry of
 * largest magnitude onto -8, which uses all 16 levels. (MatMulNBits of onnxruntime's contributed operators.)
 */
export function int4Blocks(
  weights: Float32Array,
  rows: number,
  columns: number,
  blockSize: number
): Int4Blocks {
  const blocks = Math.ceil(rows / blockSize)
  const packed = new Uint8Array(columns * blocks * (blockSize / 2)).fill(0x88)
  const scales = new Float32Array(columns * blocks)
  for (let column = 0; column < columns; column++) {
    for (let block = 0; block < blocks; block++) {
      const from = block * blockSize
      const to = Math.min(rows, from + blockSize)
      let extreme = 0
      for (let row = from; row < to; row++) {
        const value = weights[row * columns + column]
        if (Math.abs(value) > Math.abs(extreme)) extreme = value
      }
      const scale = Math.fround(extreme / -8 || 1)
      const at = column * blocks + block
      scales[at] = scale
      for (let row = from; row < to; row++) {
        const q = Math.max(0, Math.min(15, Math.round(weights[row * columns + column] / scale) + 8))
        const byte = at * (blockSize / 2) + ((row - from) >> 1)
        packed[byte] = (row - from) % 2 === 0 ? (packed[byte] & 0xf0) | q : (packed[byte] & 0x0f) | (q << 4)
      }
    }
  }
  return { packed, scales, blocks }
}

/** columns x rows -> rows x columns. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[row * columns + column] = values[column * rows + row]
  }
  return out
}
