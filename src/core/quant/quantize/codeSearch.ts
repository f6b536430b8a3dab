import type { Bits } from '../scheme'
import { laneIndex, lanes, roundTaps, type TapFactor } from './tapFactor'
import { weightCode } from './weightQuantizer'

/**
 * A longer search for the codes of a block of taps than one pass of rounding: it begins at several scales, rounds tap by tap at
 * each (tapFactor.ts), changes single codes while the squared error of the layer's sums falls, and keeps the best. This is the problem that
 * AdaRound states (Nagel et al. 2020, eq. 13), solved over all codes instead of the two nearest.
 */
export interface CodeSearch {
  readonly factor: TapFactor
  /** covarianceOf(factor). */
  readonly covariance: Float64Array
  /** T times the weights wanted, as tapFactor.ts holds them. */
  readonly wanted: Float64Array
  /** Scale of every channel to begin with. */
  readonly scales: Float64Array
  readonly bits: Bits
  /** own: each channel finds its scale; shared: all channels have one; fixed: scales stay (other blocks have them too). */
  readonly scale: 'own' | 'shared' | 'fixed'
}

/** Codes found for one channel. */
export interface FoundCodes {
  /** In the order of the block. */
  readonly codes: Float64Array
  readonly scale: number
  /** q'Cq with the damped covariance C. */
  readonly square: number
  /** Squared error of the channel's sums, less a constant that does not depend on its codes. */
  readonly error: number
}

/** Scales that are tried, as shares of the one of least weighted squared error. */
const scaleShares = [1, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2]
/** Passes over the taps; most channels come to rest within five. */
const maxSweeps = 12

/** @returns by channel */
export function searchCodes(search: CodeSearch): FoundCodes[] {
  const { factor, wanted, scales, scale } = search
  const pulls = Array.from(scales, (_, c) => pullOf(factor, wanted, c))
  let best: FoundCodes[] | null = null
  for (const share of scale === 'fixed' ? [1] : scaleShares) {
    const found = descendAll(search, pulls, share)
    if (best === null) best = found
    else if (scale === 'shared') best = totalError(found) < totalError(best) ? found : best
    else best = best.map((held, c) => (found[c].error < held.error ? found[c] : held))
  }
  return best!
}

/**
 * The same for one channel whose scale is doubled `shifts` times at each tap, in the order of the block; its codes are given with
 * the doublings in them, so that they belong to the one scale that is found.
 */
export function searchShifted(
  { factor, covariance, wanted, bits }: Pick<CodeSearch, 'factor' | 'covariance' | 'wanted' | 'bits'>,
  channel: number,
  shifts: Uint8Array,
  scale: number
): FoundCodes {
  const { size } = factor
  const doubled = Float64Array.from(shifts, (shift) => 2 ** shift)
  const own: TapFactor = { size, rows: factor.rows.map((value, at) => value * doubled[at % size]) }
  const alone = new Float64Array(size * lanes)
  for (let at = 0, from = laneIndex(size, channel, 0); at < size; at++, from += lanes)
    alone[at * lanes] = wanted[from]
  const [found] = searchCodes({
    factor: own,
    covariance: covariance.map((value, at) => value * doubled[at % size] * doubled[Math.floor(at / size)]),
    wanted: alone,
    scales: Float64Array.of(scale),
    bits,
    scale: 'own'
  })
  return { ...found, codes: found.codes.map((code, at) => code * doubled[at]) }
}

function totalError(found: readonly FoundCodes[]): number {
  return found.reduce((sum, { error }) => sum + error, 0)
}

/** All channels from `share` of their scales. */
function descendAll(
  { factor, covariance, wanted, scales, bits, scale }: CodeSearch,
  pulls: readonly Float64Array[],
  share: number
): FoundCodes[] {
  const steps = scales.map((own) => share * own)
  const rounded = roundTaps(factor, wanted, steps, bits)
  return pulls.map((pull, c) => {
    const codes = Float64Array.from(pull, (_, at) => rounded.codes[laneIndex(factor.size, c, at)])
    return descend(covariance, pull, codes, steps[c], bits, scale === 'own')
  })
}

/** The damped covariance C = TᵀT [size][size] of a factor. */
export function covarianceOf({ size, rows }: TapFactor): Float64Array {
  const found = new Float64Array(size * size)
  for (let row = 0; row < size; row++) {
    const from = row * size
    for (let i = 0; i <= row; i++) {
      const value = rows[from + i]
      const to = i * size
      for (let j = 0; j <= i; j++) found[to + j] = found[to + j] + value * rows[from + j]
    }
  }
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) found[j * size + i] = found[i * size + j]
  return found
}

/** C w of one channel from T w. */
function pullOf({ size, rows }: TapFactor, wanted: Float64Array, channel: number): Float64Array {
  const found = new Float64Array(size)
  for (let row = 0, from = laneIndex(size, channel, 0); row < size; row++, from += lanes)
    for (let i = 0; i <= row; i++) found[i] = found[i] + wanted[from] * rows[row * size + i]
  return found
}

/** Changes codes one by one while the error falls, the scale put to its best for them after each pass where it is free. */
function descend(
  covariance: Float64Array,
  pull: Float64Array,
  codes: Float64Array,
  start: number,
  bits: Bits,
  isScaleFree: boolean
): FoundCodes {
  const size = pull.length
  /** C q */
  const product = new Float64Array(size)
  for (let i = 0; i < size; i++) if (codes[i] !== 0) addRow(product, covariance, i, codes[i])
  let scale = start
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    let changed = 0
    for (let i = 0; i < size; i++) {
      const best = codes[i] + (pull[i] / scale - product[i]) / covariance[i * size + i]
      const code = weightCode(best, 1, bits)
      if (code === codes[i]) continue
      addRow(product, covariance, i, code - codes[i])
      codes[i] = code
      changed++
    }
    const [along, square] = [dot(codes, pull), dot(codes, product)]
    if (isScaleFree && along > 0 && square > 0) scale = along / square
    if (changed === 0) break
  }
  const square = dot(codes, product)
  return { codes, scale, square, error: scale * (scale * square - 2 * dot(codes, pull)) }
}

function addRow(sums: Float64Array, matrix: Float64Array, row: number, factor: number): void {
  const from = row * sums.length
  for (let i = 0; i < sums.length; i++) sums[i] = sums[i] + factor * matrix[from + i]
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
