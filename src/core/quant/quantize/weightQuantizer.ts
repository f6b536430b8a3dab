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
 * Scale of least weighted squared error for the values from `start` on.
 * One bit: the weighted mean of |w| (XNOR-Net, Rastegari et al. 2016, eq. 6). More: a search over clipping limits
 * followed by the least-squares scale for the codes found. All-zero weights get a tiny positive scale.
 */
export function weightScale(
  values: Float32Array | Float64Array,
  bits: Bits,
  importance: Float64Array | null,
  start = 0,
  count = values.length
): number {
  const kernels = fitKernels()
  const [own, weights, scales] = kernels.room(count, count, 1)
  own.set(values.subarray(start, start + count))
  if (importance === null) weights.fill(1)
  else weights.set(importance.subarray(0, count))
  const high = largestWeightCode(bits)
  kernels.run.chooseScales(own.byteOffset, weights.byteOffset, 1, count, high, scales.byteOffset)
  return scales[0]
}

/** The same for every row of a matrix with as many columns as there are weights of them. */
export function weightScales(values: Float64Array, bits: Bits, importance: Float64Array): Float64Array {
  const kernels = fitKernels()
  const count = importance.length
  const rows = values.length / count
  const [own, weights, scales] = kernels.room(values.length, count, rows)
  own.set(values)
  weights.set(importance)
  const high = largestWeightCode(bits)
  kernels.run.chooseScales(own.byteOffset, weights.byteOffset, rows, count, high, scales.byteOffset)
  return scales.slice()
}
