import { codeRange } from '../quantizedNetwork'
import type { Bits } from '../scheme'
import { fitKernels } from './fitKernels'

/*
 * Symmetric weight quantizers (w ~ scale * code). `importance` weighs each tap's squared error, e.g. by the mean
 * square of the input it multiplies; null counts all the same.
 */

/** Code of a weight at a scale: nearest level, half away from -infinity; at one bit zero counts as negative. */
export function weightCode(value: number, scale: number, bits: Bits): number {
  if (bits === 1) return value > 0 ? 1 : -1
  const high = (1 << (bits - 1)) - 1
  const low = -high - 1
  const code = Math.floor(value / scale + 0.5)
  return code < low ? low : code > high ? high : code
}

/** Largest code of weights as the compiled loops take it: 0 where codes are signs. */
export function largestWeightCode(bits: Bits): number {
  return bits === 1 ? 0 : codeRange(bits).high
}

/**
 * Scale of least weighted squared error for the values.
 * One bit: the weighted mean of |w| (XNOR-Net, Rastegari et al. 2016, eq. 6). More: a search over clipping limits
 * followed by the least-squares scale for the codes found. All-zero weights get a tiny positive scale.
 */
export function weightScale(
  values: Float32Array | Float64Array,
  bits: Bits,
  importance: Float64Array | null
): number {
  return scalesOf(values, bits, importance, 1)[0]
}

/** The same for every row of a matrix with as many columns as `importance` has entries. */
export function weightScales(values: Float64Array, bits: Bits, importance: Float64Array): Float64Array {
  return scalesOf(values, bits, importance, values.length / importance.length)
}

function scalesOf(
  values: Float32Array | Float64Array,
  bits: Bits,
  importance: Float64Array | null,
  rows: number
): Float64Array {
  const kernels = fitKernels()
  const count = values.length / rows
  const [own, weights, scales] = kernels.room(values.length, count, rows)
  own.set(values)
  if (importance === null) weights.fill(1)
  else weights.set(importance)
  const high = largestWeightCode(bits)
  kernels.run.chooseScales(own.byteOffset, weights.byteOffset, rows, count, high, scales.byteOffset)
  return scales.slice()
}
