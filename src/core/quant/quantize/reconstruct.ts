import { factorise, solveFactorised, upperFactorOfInverse } from '../../math/denseCholesky'
import type { Bits } from '../scheme'
import { weightCode, weightScale } from './weightQuantizer'

/**
 * Codes of one layer's weights chosen so that its sums over the calibration rows stay close to the float network's,
 * given the quantized inputs it will really see:
 *   1. weights are refitted by ridge regression of the float sums on the quantized inputs (makes up for input error);
 *   2. scales by weighted squared error (weightQuantizer.ts);
 *   3. rounding tap by tap, each tap's error spread over those not yet rounded (GPTQ, Frantar et al. 2022);
 *   4. scale and bias per channel refitted by least squares (a generalised bias correction).
 */
export interface ReconstructionProblem {
  readonly taps: number
  readonly channels: number
  /** Real inputs of the layer at the sampled rows, [rows][taps]. */
  readonly inputs: Float32Array
  /** Float sums wanted there, bias included, [rows][channels]. */
  readonly targets: Float32Array
  /** Float weights [channels][taps]. */
  readonly weights: Float32Array
  readonly bits: Bits
  /** One scale for all channels (the last layer, whose logits are compared with each other). */
  readonly perTensor: boolean
}

export interface ReconstructedLayer {
  /** [channels][taps] */
  readonly codes: Int8Array
  readonly scales: Float64Array
  readonly bias: Float64Array
}

/** Ridge strength, as a share of the inputs' mean square: keeps refitted weights near the trained ones. */
const ridge = 0.05
/** Layers with more taps are rounded in blocks of at most this many. */
const maxTapsAtOnce = 640

export function reconstruct(problem: ReconstructionProblem): ReconstructedLayer {
  const { weights, bits, perTensor } = problem
  const moments = momentsOf(problem)
  const { taps, channels, importance } = moments
  const fitted = Float64Array.from(weights)
  const codes = new Int8Array(weights.length)
  const scales = new Float64Array(channels)
  const scaleOf = (values: Float64Array): void => {
    if (perTensor) {
      const spread = Float64Array.from({ length: values.length }, (_, at) => importance[at % taps]!)
      scales.fill(weightScale(values, bits, spread))
    } else {
      for (let c = 0; c < channels; c++) scales[c] = weightScale(values, bits, importance, c * taps, taps)
    }
  }
  const blocks = Math.ceil(taps / maxTapsAtOnce)
  for (let block = 0; block < blocks; block++) {
    const start = Math.floor((taps * block) / blocks)
    const end = Math.floor((taps * (block + 1)) / blocks)
    const order = Array.from({ length: end - start }, (_, at) => start + at)
    order.sort((a, b) => importance[b]! - importance[a]! || a - b)
    const covariance = moments.covarianceOf(order)
    const size = order.length
    const damping = ridge * (trace(covariance, size) / size || 1)
    for (let at = 0; at < size; at++) covariance[at * size + at] = covariance[at * size + at]! + damping
    const isDefinite = factorise(covariance, size)
    if (isDefinite && blocks === 1) refitWeights(moments, covariance, order, damping, fitted)
    if (block === 0) scaleOf(fitted)
    const upper = isDefinite ? upperFactorOfInverse(covariance, size) : null
    for (let c = 0; c < channels; c++) roundChannel(fitted, c * taps, order, upper, scales[c]!, bits, codes)
  }
  return refitScales(problem, moments, codes, scales)
}

interface Moments {
  readonly rows: number
  readonly taps: number
  readonly channels: number
  readonly inputMean: Float64Array
  readonly targetMean: Float64Array
  /** Variance of each tap. */
  readonly importance: Float64Array
  /** Covariance of the taps in `order`, full symmetric [size][size]. */
  covarianceOf(order: readonly number[]): Float64Array
  /** Covariance of one tap with every channel's target, into `out` [channels]. */
  crossOf(tap: number, out: Float64Array): void
}

function momentsOf({ inputs, targets, taps, channels }: ReconstructionProblem): Moments {
  const rows = inputs.length / taps
  const inputMean = new Float64Array(taps)
  const targetMean = new Float64Array(channels)
  const importance = new Float64Array(taps)
  for (let row = 0; row < rows; row++) {
    for (let tap = 0; tap < taps; tap++) {
      const value = inputs[row * taps + tap]!
      inputMean[tap] = inputMean[tap]! + value
      importance[tap] = importance[tap]! + value * value
    }
    for (let c = 0; c < channels; c++) targetMean[c] = targetMean[c]! + targets[row * channels + c]!
  }
  for (let tap = 0; tap < taps; tap++) {
    const mean = inputMean[tap]! / rows
    inputMean[tap] = mean
    importance[tap] = Math.max(0, importance[tap]! / rows - mean * mean)
  }
  for (let c = 0; c < channels; c++) targetMean[c] = targetMean[c]! / rows
  return {
    rows,
    taps,
    channels,
    inputMean,
    targetMean,
    importance,
    covarianceOf(order) {
      const size = order.length
      const matrix = new Float64Array(size * size)
      const values = new Float64Array(size)
      for (let row = 0; row < rows; row++) {
        for (let at = 0; at < size; at++) values[at] = inputs[row * taps + order[at]!]!
        for (let i = 0; i < size; i++) {
          const value = values[i]!
          // Codes of zero are frequent behind a ReLU.
          if (value === 0) continue
          const to = i * size
          for (let j = 0; j <= i; j++) matrix[to + j] = matrix[to + j]! + value * values[j]!
        }
      }
      for (let i = 0; i < size; i++) {
        for (let j = 0; j <= i; j++) {
          const covariance = matrix[i * size + j]! / rows - inputMean[order[i]!]! * inputMean[order[j]!]!
          matrix[i * size + j] = covariance
          matrix[j * size + i] = covariance
        }
      }
      return matrix
    },
    crossOf(tap, out) {
      out.fill(0)
      for (let row = 0; row < rows; row++) {
        const value = inputs[row * taps + tap]!
        if (value === 0) continue
        for (let c = 0; c < channels; c++) out[c] = out[c]! + value * targets[row * channels + c]!
      }
      for (let c = 0; c < channels; c++) out[c] = out[c]! / rows - inputMean[tap]! * targetMean[c]!
    }
  }
}

function trace(matrix: Float64Array, size: number): number {
  let sum = 0
  for (let at = 0; at < size; at++) sum += matrix[at * size + at]!
  return sum
}

/** (covariance + damping) fitted = cross + damping * weights, for every channel. */
function refitWeights(
  { taps, channels, crossOf }: Moments,
  factor: Float64Array,
  order: readonly number[],
  damping: number,
  fitted: Float64Array
): void {
  const size = order.length
  const right = new Float64Array(channels * size)
  const cross = new Float64Array(channels)
  for (let at = 0; at < size; at++) {
    crossOf(order[at]!, cross)
    for (let c = 0; c < channels; c++)
      right[c * size + at] = cross[c]! + damping * fitted[c * taps + order[at]!]!
  }
  for (let c = 0; c < channels; c++) {
    solveFactorised(factor, size, right, c * size)
    for (let at = 0; at < size; at++) fitted[c * taps + order[at]!] = right[c * size + at]!
  }
}

/** Rounds the taps of one channel in order; `upper` null: plain rounding to nearest. */
function roundChannel(
  fitted: Float64Array,
  start: number,
  order: readonly number[],
  upper: Float64Array | null,
  scale: number,
  bits: Bits,
  codes: Int8Array
): void {
  const size = order.length
  const left = Float64Array.from(order, (tap) => fitted[start + tap]!)
  for (let at = 0; at < size; at++) {
    const code = weightCode(left[at]!, scale, bits)
    codes[start + order[at]!] = code
    if (upper === null) continue
    const error = (left[at]! - code * scale) / upper[at * size + at]!
    for (let later = at + 1; later < size; later++)
      left[later] = left[later]! - error * upper[at * size + later]!
  }
}

function refitScales(
  { inputs, targets, perTensor }: ReconstructionProblem,
  { rows, taps, channels, inputMean, targetMean }: Moments,
  codes: Int8Array,
  scales: Float64Array
): ReconstructedLayer {
  const product = new Float64Array(channels)
  const square = new Float64Array(channels)
  const sumMean = new Float64Array(channels)
  for (let c = 0; c < channels; c++) {
    for (let tap = 0; tap < taps; tap++) sumMean[c] = sumMean[c]! + codes[c * taps + tap]! * inputMean[tap]!
  }
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < channels; c++) {
      let sum = -sumMean[c]!
      for (let tap = 0; tap < taps; tap++) sum += codes[c * taps + tap]! * inputs[row * taps + tap]!
      product[c] = product[c]! + sum * (targets[row * channels + c]! - targetMean[c]!)
      square[c] = square[c]! + sum * sum
    }
  }
  if (perTensor) {
    product.fill(product.reduce((a, b) => a + b, 0))
    square.fill(square.reduce((a, b) => a + b, 0))
  }
  const refitted = scales.map((scale, c) => {
    const best = product[c]! / square[c]!
    // A channel whose sums are constant or turn the wrong way says nothing about its scale.
    return best > scale / 4 && best < scale * 4 ? best : scale
  })
  return { codes, scales: refitted, bias: refitted.map((scale, c) => targetMean[c]! - scale * sumMean[c]!) }
}
