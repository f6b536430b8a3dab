import type { Bits } from '../scheme'
import { fitKernels } from './fitKernels'
import { largestWeightCode } from './weightQuantizer'

/**
 * T with C = Tᵀ T, lower triangular, of a covariance C of taps. |T e|² is the squared error that an error e of the weights
 * causes, and its k-th term depends on the first k taps alone: rounding tap after tap so that each term is least is GPTQ
 * (Frantar et al. 2022; the same as Babai's nearest plane). The loops are compiled ones (resources/fitting/fit.c).
 */
export interface TapFactor {
  readonly size: number
  /** [size][size], row by row; entries above the diagonal are 0. Must not be written into. */
  readonly rows: Float64Array
}

/**
 * Null when the matrix is not positive definite.
 * @param write puts the matrix into an array [size][size] of undefined content
 */
export function factoriseTaps(size: number, write: (matrix: Float64Array) => void): TapFactor | null {
  const rows = fitKernels().factor(size, write)
  return rows === null ? null : { size, rows }
}

/**
 * Channels that share one pass over the factor: values of all channels lie [groups][size][lanes], the last group filled up with
 * anything.
 */
export const lanes = 4

/** Where the value of a channel at a tap lies. */
export function laneIndex(size: number, channel: number, tap: number): number {
  const lane = channel % lanes
  return (channel - lane) * size + tap * lanes + lane
}

/** Length of an array for so many channels. */
export function laneLength(size: number, channels: number): number {
  return Math.ceil(channels / lanes) * lanes * size
}

/** Solves Tᵀ T x = b in place. @returns T x */
export function solveTaps(taps: TapFactor, values: Float64Array): Float64Array {
  const { run, factor, groups, given, results } = placed(taps, values)
  run.solve(factor, taps.size, groups, given.byteOffset, results.byteOffset)
  values.set(given)
  return results.slice()
}

/** T x. */
export function multiplyTaps(taps: TapFactor, values: Float64Array): Float64Array {
  const { run, factor, groups, given, results } = placed(taps, values)
  run.multiply(factor, taps.size, groups, given.byteOffset, results.byteOffset)
  return results.slice()
}

/** The factor and values of channels in the memory of the compiled loops, and room for as many results. */
function placed({ size, rows }: TapFactor, values: Float64Array) {
  const kernels = fitKernels()
  const factor = kernels.placeFactor(rows)
  const [given, results] = kernels.room(values.length, values.length)
  given.set(values)
  return { run: kernels.run, factor, groups: groupsOf(size, values), given, results }
}

/** Codes of taps and, by channel, |T q|². */
export interface RoundedTaps {
  readonly codes: Float64Array
  readonly squares: Float64Array
}

/** Codes q, tap after tap, such that scale * T q stays near `wanted` = T w; `scales` by channel. */
export function roundTaps(
  { size, rows }: TapFactor,
  wanted: Float64Array,
  scales: Float64Array,
  bits: Bits
): RoundedTaps {
  const kernels = fitKernels()
  const factor = kernels.placeFactor(rows)
  const groups = groupsOf(size, wanted)
  const [from, steps, codes, squares] = kernels.room(
    wanted.length,
    groups * lanes,
    wanted.length,
    groups * lanes
  )
  from.set(wanted)
  steps.fill(1)
  steps.set(scales)
  kernels.run.roundCodes(
    factor,
    size,
    groups,
    from.byteOffset,
    steps.byteOffset,
    largestWeightCode(bits),
    codes.byteOffset,
    squares.byteOffset
  )
  return { codes: codes.slice(), squares: squares.slice() }
}

function groupsOf(size: number, values: Float64Array): number {
  return values.length / (size * lanes)
}
