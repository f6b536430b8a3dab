import { codeRange } from '../quantizedNetwork'
import type { Bits } from '../scheme'

/**
 * Symmetric weight quantizers (w ~ scale * code). `importance` weighs each tap's squared error, e.g. by the mean
 * square of the input it multiplies; null counts all the same.
 */
const searchSteps = 60
/** Clipping limits, in sixtieths of the largest weight: coarse steps first, so that most others are given up early. */
const searchOrder = [...Array(6).keys()].flatMap((offset) =>
  Array.from({ length: searchSteps / 6 }, (_, at) => searchSteps - 6 * at - offset)
)
/** Values after which a sum of errors is compared with the best so far. */
const errorStride = 12

/** Values of one scale and their weights: a network has thousands, and new arrays for each would keep the collector busy. */
let own = new Float64Array(0)
let weights = new Float64Array(0)

/** Code of a weight at a scale: nearest level, half away from -infinity; at one bit zero counts as negative. */
export function weightCode(value: number, scale: number, bits: Bits): number {
  if (bits === 1) return value > 0 ? 1 : -1
  const high = (1 << (bits - 1)) - 1
  const low = -high - 1
  const code = Math.floor(value / scale + 0.5)
  return code < low ? low : code > high ? high : code
}

/**
 * Scale of least weighted squared error for the values at positions start, start + step, …
 * One bit: the weighted mean of |w| (XNOR-Net, Rastegari et al. 2016, eq. 6). More: a search over clipping limits
 * followed by the least-squares scale for the codes found. All-zero weights get a tiny positive scale.
 */
export function weightScale(
  values: Float32Array | Float64Array,
  bits: Bits,
  importance: Float64Array | null,
  start = 0,
  count = values.length,
  step = 1
): number {
  // Neighbours in memory, each with its weight: the search below reads them up to sixty times.
  if (own.length < count) {
    own = new Float64Array(count)
    weights = new Float64Array(count)
  }
  let largest = 0
  let weighted = 0
  let total = 0
  for (let k = 0; k < count; k++) {
    const value = values[start + k * step]
    const magnitude = Math.abs(value)
    const weight = importance === null ? 1 : importance[k]
    own[k] = value
    weights[k] = weight
    if (magnitude > largest) largest = magnitude
    weighted += weight * magnitude
    total += weight
  }
  if (largest === 0) return 1e-8
  if (bits === 1) return total > 0 && weighted > 0 ? weighted / total : largest
  const { high, low } = codeRange(bits)
  // Two bits have levels -2..1: the positive side clips at 1, so limits up to the whole magnitude are tried for it.
  const top = bits === 2 ? high : -low - 0.5
  let best = { error: Infinity, scale: largest / top, attempt: Infinity }
  for (const attempt of searchOrder) {
    const scale = ((largest / top) * attempt) / searchSteps
    const error = squaredError(own, weights, count, scale, low, high, best.error)
    // Of scales with equal error the smallest.
    if (error < best.error || (error === best.error && attempt < best.attempt))
      best = { error, scale, attempt }
  }
  return refit(own, weights, count, best.scale, bits)
}

/** Least-squares scale for the codes that `scale` gives: sum(i w q) / sum(i q q). */
function refit(
  values: Float64Array,
  weights: Float64Array,
  count: number,
  scale: number,
  bits: Bits
): number {
  let product = 0
  let square = 0
  for (let k = 0; k < count; k++) {
    const code = weightCode(values[k], scale, bits)
    product += weights[k] * values[k] * code
    square += weights[k] * code * code
  }
  return square > 0 && product > 0 ? product / square : scale
}

/** Infinity once the sum is beyond `limit`. */
function squaredError(
  values: Float64Array,
  weights: Float64Array,
  count: number,
  scale: number,
  low: number,
  high: number,
  limit: number
): number {
  // The nearer of two levels at equal distance does not matter here, so that a product may stand for the quotient.
  const inverse = 1 / scale
  let error = 0
  for (let from = 0; from < count; from += errorStride) {
    const end = Math.min(count, from + errorStride)
    for (let k = from; k < end; k++) {
      const value = values[k]
      let level = Math.floor(value * inverse + 0.5)
      if (level < low) level = low
      else if (level > high) level = high
      const miss = value - scale * level
      error += weights[k] * miss * miss
    }
    if (error > limit) return Infinity
  }
  return error
}
