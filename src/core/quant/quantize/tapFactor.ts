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
      rows[row * size + column] = covariance[(size - 1 - column) * size + (size - 1 - row)]!
  return { size, rows }
}

/** Channels that share one pass over the factor. */
export const lanes = 4

/** Solves Tᵀ y = b in place; `values` [size][lanes]. */
export function solveTransposed({ size, rows }: TapFactor, values: Float64Array): void {
  for (let row = size - 1; row >= 0; row--) {
    const at = row * size
    const inverse = 1 / rows[at + row]!
    const to = row * lanes
    const y0 = (values[to] = values[to]! * inverse)
    const y1 = (values[to + 1] = values[to + 1]! * inverse)
    const y2 = (values[to + 2] = values[to + 2]! * inverse)
    const y3 = (values[to + 3] = values[to + 3]! * inverse)
    for (let k = 0, v = 0; k < row; k++, v += lanes) {
      const t = rows[at + k]!
      values[v] = values[v]! - t * y0
      values[v + 1] = values[v + 1]! - t * y1
      values[v + 2] = values[v + 2]! - t * y2
      values[v + 3] = values[v + 3]! - t * y3
    }
  }
}

/** Row `row` of T times `values` [size][lanes], columns 0 .. row - 1, into `out`. */
function rowBefore({ size, rows }: TapFactor, row: number, values: Float64Array, out: Float64Array): void {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const at = row * size
  for (let k = 0, v = 0; k < row; k++, v += lanes) {
    const t = rows[at + k]!
    s0 += t * values[v]!
    s1 += t * values[v + 1]!
    s2 += t * values[v + 2]!
    s3 += t * values[v + 3]!
  }
  out[0] = s0
  out[1] = s1
  out[2] = s2
  out[3] = s3
}

/** Solves T x = y in place; `values` [size][lanes]. */
export function solveForward(factor: TapFactor, values: Float64Array): void {
  const before = new Float64Array(lanes)
  for (let row = 0; row < factor.size; row++) {
    rowBefore(factor, row, values, before)
    const inverse = 1 / factor.rows[row * factor.size + row]!
    for (let lane = 0; lane < lanes; lane++)
      values[row * lanes + lane] = (values[row * lanes + lane]! - before[lane]!) * inverse
  }
}

/** T x into `out`; both [size][lanes]. */
export function multiplyTaps(factor: TapFactor, values: Float64Array, out: Float64Array): void {
  const before = new Float64Array(lanes)
  for (let row = 0; row < factor.size; row++) {
    rowBefore(factor, row, values, before)
    const own = factor.rows[row * factor.size + row]!
    for (let lane = 0; lane < lanes; lane++)
      out[row * lanes + lane] = before[lane]! + own * values[row * lanes + lane]!
  }
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
  const before = new Float64Array(lanes)
  const squares = new Float64Array(lanes)
  for (let row = 0; row < factor.size; row++) {
    rowBefore(factor, row, codes, before)
    const own = factor.rows[row * factor.size + row]!
    for (let lane = 0; lane < lanes; lane++) {
      const scale = scales[lane]!
      const left = (wanted[row * lanes + lane]! - scale * before[lane]!) / own
      const code = weightCode(left, scale, bits)
      codes[row * lanes + lane] = code
      const sum = before[lane]! + own * code
      squares[lane] = squares[lane]! + sum * sum
    }
  }
  return squares
}
