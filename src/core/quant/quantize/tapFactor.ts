import { choleskyInPlace } from '../../math/cholesky'
import { weightCode } from './weightQuantizer'
import type { Bits } from '../scheme'

/**
 * T with C = Tᵀ T, lower triangular, of a covariance C of taps. |T e|² is the squared error that an error e of the weights
 * causes, and its k-th term depends on the first k taps alone: rounding tap after tap so that each term is least is GPTQ
 * (Frantar et al. 2022; the same as Babai's nearest plane).
 */
export interface TapFactor {
  readonly size: number
  /** [size][size], row by row; entries above the diagonal are 0. */
  readonly rows: Float64Array
}

/** Null when the matrix is not positive definite. `covariance` [size][size] is overwritten. */
export function factoriseTaps(covariance: Float64Array, size: number): TapFactor | null {
  // Ordinary Cholesky of the reversed matrix gives the factor from the other end.
  covariance.reverse()
  if (!choleskyInPlace(covariance, size)) return null
  const rows = new Float64Array(size * size)
  for (let row = 0; row < size; row++)
    for (let column = 0; column <= row; column++)
      rows[row * size + column] = covariance[(size - 1 - column) * size + (size - 1 - row)]
  return { size, rows }
}

/** Channels that share one pass over the factor. */
export const lanes = 4

/** Solves Tᵀ y = b in place; `values` [size][lanes]. Two rows per pass, so that each value is loaded and stored half as often. */
export function solveTransposed({ size, rows }: TapFactor, values: Float64Array): void {
  let row = size - 1
  for (; row > 0; row -= 2) {
    divideRow(values, row, rows[row * size + row])
    subtractRow(values, row, rows[row * size + row - 1], row - 1)
    divideRow(values, row - 1, rows[(row - 1) * size + row - 1])
    subtractTwoRows(values, rows, size, row)
  }
  if (row === 0) divideRow(values, 0, rows[0])
}

function divideRow(values: Float64Array, row: number, divisor: number): void {
  const inverse = 1 / divisor
  for (let at = row * lanes; at < (row + 1) * lanes; at++) values[at] = values[at] * inverse
}

function subtractRow(values: Float64Array, from: number, factor: number, to: number): void {
  for (let lane = 0; lane < lanes; lane++)
    values[to * lanes + lane] = values[to * lanes + lane] - factor * values[from * lanes + lane]
}

/** Takes rows `row` and `row - 1`, which are solved, out of all rows before them. */
function subtractTwoRows(values: Float64Array, rows: Float64Array, size: number, row: number): void {
  const [last, first] = [row * lanes, (row - 1) * lanes]
  const [a0, a1, a2, a3] = [values[last], values[last + 1], values[last + 2], values[last + 3]]
  const [b0, b1, b2, b3] = [values[first], values[first + 1], values[first + 2], values[first + 3]]
  const at = row * size
  for (let k = 0, v = 0; k < row - 1; k++, v += lanes) {
    const s = rows[at + k]
    const t = rows[at - size + k]
    values[v] = values[v] - s * a0 - t * b0
    values[v + 1] = values[v + 1] - s * a1 - t * b1
    values[v + 2] = values[v + 2] - s * a2 - t * b2
    values[v + 3] = values[v + 3] - s * a3 - t * b3
  }
}

/** Rows `row` and `row + 1` of T times `values` [size][lanes], columns 0 .. row - 1, into `out` [2][lanes]. */
function rowsBefore({ size, rows }: TapFactor, row: number, values: Float64Array, out: Float64Array): void {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let t0 = 0
  let t1 = 0
  let t2 = 0
  let t3 = 0
  const at = row * size
  // Behind the last row there is none: the last row is read twice.
  const next = row + 1 < size ? at + size : at
  for (let k = 0, v = 0; k < row; k++, v += lanes) {
    const s = rows[at + k]
    const t = rows[next + k]
    const v0 = values[v]
    const v1 = values[v + 1]
    const v2 = values[v + 2]
    const v3 = values[v + 3]
    s0 += s * v0
    s1 += s * v1
    s2 += s * v2
    s3 += s * v3
    t0 += t * v0
    t1 += t * v1
    t2 += t * v2
    t3 += t * v3
  }
  out[0] = s0
  out[1] = s1
  out[2] = s2
  out[3] = s3
  out[4] = t0
  out[5] = t1
  out[6] = t2
  out[7] = t3
}

/** Calls `finish` for every row in turn with its product with the columns before it, at `at` of `before`. */
function forRows(
  factor: TapFactor,
  values: Float64Array,
  finish: (row: number, before: Float64Array, at: number) => void
): void {
  const before = new Float64Array(2 * lanes)
  const { size, rows } = factor
  for (let row = 0; row < size; row += 2) {
    rowsBefore(factor, row, values, before)
    finish(row, before, 0)
    if (row + 1 === size) return
    // The second row's sum also includes the column that was just finished.
    const own = rows[(row + 1) * size + row]
    for (let lane = 0; lane < lanes; lane++)
      before[lanes + lane] = before[lanes + lane] + own * values[row * lanes + lane]
    finish(row + 1, before, lanes)
  }
}

/** Solves T x = y in place; `values` [size][lanes]. */
export function solveForward(factor: TapFactor, values: Float64Array): void {
  forRows(factor, values, (row, before, at) => {
    const inverse = 1 / factor.rows[row * factor.size + row]
    for (let lane = 0; lane < lanes; lane++)
      values[row * lanes + lane] = (values[row * lanes + lane] - before[at + lane]) * inverse
  })
}

/** T x into `out`; both [size][lanes]. */
export function multiplyTaps(factor: TapFactor, values: Float64Array, out: Float64Array): void {
  forRows(factor, values, (row, before, at) => {
    const own = factor.rows[row * factor.size + row]
    for (let lane = 0; lane < lanes; lane++)
      out[row * lanes + lane] = before[at + lane] + own * values[row * lanes + lane]
  })
}

/**
 * Codes q, tap after tap, such that scale * T q stays near `wanted` = T w; both [size][lanes].
 * @returns |T q|² per lane
 */
export function roundTaps(
  factor: TapFactor,
  wanted: Float64Array,
  scales: Float64Array,
  bits: Bits,
  codes: Float64Array
): Float64Array {
  const squares = new Float64Array(lanes)
  forRows(factor, codes, (row, before, at) => {
    const own = factor.rows[row * factor.size + row]
    for (let lane = 0; lane < lanes; lane++) {
      const scale = scales[lane]
      const left = (wanted[row * lanes + lane] - scale * before[at + lane]) / own
      const code = weightCode(left, scale, bits)
      codes[row * lanes + lane] = code
      const sum = before[at + lane] + own * code
      squares[lane] = squares[lane] + sum * sum
    }
  })
  return squares
}
