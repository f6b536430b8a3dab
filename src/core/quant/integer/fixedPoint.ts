import { codeRange } from '../quantizedNetwork'
import type { Bits } from '../scheme'

/**
 * A positive real factor as mult / 2^shift with mult in [2^20, 2^21), so that |sum| * mult stays below 2^52 and a
 * double computes the requantisation exactly (docs/arithmetic.md).
 */
export interface FixedPoint {
  readonly mult: number
  readonly shift: number
}

/** A factor too small to matter for any int32 sum: a dead channel. */
const dead: FixedPoint = { mult: 0, shift: 1 }

const minShift = 1
const maxShift = 51

/** Nearest fixed-point factor; 0, negative and vanishing factors are dead, factors of 2^20 and more saturate. */
export function toFixedPoint(factor: number): FixedPoint {
  if (!(factor > 0)) return dead
  let shift = 20 - Math.floor(Math.log2(factor))
  let mult = Math.round(factor * 2 ** shift)
  if (mult >= 2 ** 21) {
    shift -= 1
    mult = Math.round(factor * 2 ** shift)
  }
  if (shift > maxShift) return dead
  if (shift < minShift) return { mult: 2 ** 21 - 1, shift: minShift }
  return { mult, shift }
}

/** Two factors over one shift; the larger has its mult in [2^20, 2^21). */
export function toFixedPointPair(a: number, b: number): { multA: number; multB: number; shift: number } {
  const { shift } = toFixedPoint(Math.max(a, b))
  const scale = 2 ** shift
  const limit = 2 ** 21 - 1
  return {
    multA: Math.min(limit, Math.round(a * scale)),
    multB: Math.min(limit, Math.round(b * scale)),
    shift
  }
}

/** floor(value * mult / 2^shift + 1/2), exactly. */
export function scaleRounded(value: number, mult: number, shift: number): number {
  return Math.floor((value * mult + 2 ** (shift - 1)) / 2 ** shift)
}

/** One-bit outputs are decided on a finer grid: the requantised value counts 1/256 of the output scale. */
export const oneBitFraction = 256

/** Rounded value (units of the output scale, of 1/256 of it at one bit) to the output code. */
export function toCode(rounded: number, bits: Bits, zero: number): number {
  if (bits === 1) return rounded > oneBitFraction * zero ? 1 : -1
  const { low, high } = codeRange(bits)
  const code = rounded - zero
  return code < low ? low : code > high ? high : code
}

/** Factor from units of `inputScale` to the units toCode wants. */
export function requantFactor(inputScale: number, outputScale: number, outputBits: Bits): number {
  return (inputScale / outputScale) * (outputBits === 1 ? oneBitFraction : 1)
}
