import { product, type FitWork } from './fitEngine'
import { factoriseTaps, type TapFactor } from './tapFactor'

/**
 * What fitting a layer needs of its quantized inputs and of the sums wanted there: means, variances and covariances over
 * the sampled rows. They do not depend on the layer's own bits.
 */
export interface Moments {
  readonly taps: number
  readonly channels: number
  readonly inputMean: Float64Array
  readonly targetMean: Float64Array
  /** Variance of each tap. */
  readonly importance: Float64Array
  /** Covariance of each tap with each channel's target, [taps][channels]. */
  readonly cross: Float64Array
  readonly blocks: readonly TapBlock[]
  /** With several blocks, whose covariances leave out those between blocks: the centred inputs, [taps][rows]. */
  readonly inputs: Float32Array | null
}

/** Taps that are rounded together. */
export interface TapBlock {
  /** Most important first. */
  readonly order: readonly number[]
  /** Added to the diagonal of the covariance before it was factorised. */
  readonly damping: number
  /** Of the damped covariance in `order`; null where it is not positive definite. */
  readonly factor: TapFactor | null
}

/** Of a depthwise layer one for each channel. */
export type LayerMoments = readonly Moments[]

/** Ridge strength, as a share of the inputs' mean square: keeps refitted weights near the trained ones. */
const ridge = 0.05
/** Layers with more taps are rounded in blocks of at most this many. */
const maxTapsAtOnce = 640

/** Bytes that moments keep. */
export function momentsBytes(all: LayerMoments): number {
  let bytes = 0
  for (const { cross, blocks, inputs } of all)
    bytes +=
      8 * cross.length +
      4 * (inputs?.length ?? 0) +
      blocks.reduce((sum, { factor }) => sum + 8 * (factor?.rows.length ?? 0), 0)
  return bytes
}

/**
 * @param inputs real inputs at the sampled rows, [rows][taps]; they are centred in place
 * @param targets float sums wanted there, bias included, [rows][channels]
 */
export function* momentsOf(inputs: Float32Array, targets: Float32Array, rows: number): FitWork<Moments> {
  const [taps, channels] = [inputs.length / rows, targets.length / rows]
  const inputMean = centre(inputs, taps)
  const centred = targets.slice()
  const targetMean = centre(centred, channels)
  const cross = scaled(yield* product(inputs, centred, rows), 1 / rows)
  const importance = new Float64Array(taps)
  const blocks: TapBlock[] = []
  const count = Math.ceil(taps / maxTapsAtOnce)
  for (let block = 0; block < count; block++) {
    const start = Math.floor((taps * block) / count)
    const end = Math.floor((taps * (block + 1)) / count)
    const part = count === 1 ? inputs : columnsOf(inputs, taps, start, end)
    const covariance = scaled(yield* product(part, part, rows), 1 / rows)
    const size = end - start
    for (let at = 0; at < size; at++) importance[start + at] = covariance[at * size + at]
    blocks.push(blockOf(covariance, start, size))
  }
  return {
    taps,
    channels,
    inputMean,
    targetMean,
    importance,
    cross,
    blocks,
    inputs: count === 1 ? null : transposed(inputs, taps)
  }
}

/** Subtracts each column's mean from `values` [rows][width], and returns the means. */
export function centre(values: Float32Array, width: number): Float64Array {
  const mean = new Float64Array(width)
  const rows = values.length / width
  for (let from = 0; from < values.length; from += width)
    for (let at = 0; at < width; at++) mean[at] = mean[at] + values[from + at]
  for (let at = 0; at < width; at++) mean[at] = mean[at] / rows
  for (let from = 0; from < values.length; from += width)
    for (let at = 0; at < width; at++) values[from + at] = values[from + at] - mean[at]
  return mean
}

function scaled(values: Float32Array, factor: number): Float64Array {
  const result = new Float64Array(values.length)
  for (let at = 0; at < values.length; at++) result[at] = values[at] * factor
  return result
}

function columnsOf(values: Float32Array, width: number, start: number, end: number): Float32Array {
  const rows = values.length / width
  const part = new Float32Array(rows * (end - start))
  for (let row = 0; row < rows; row++)
    part.set(values.subarray(row * width + start, row * width + end), row * (end - start))
  return part
}

function transposed(values: Float32Array, width: number): Float32Array {
  const rows = values.length / width
  const result = new Float32Array(values.length)
  for (let row = 0; row < rows; row++)
    for (let at = 0; at < width; at++) result[at * rows + row] = values[row * width + at]
  return result
}

/** Taps that are rounded together. @param covariance of `size` taps from `start` on, [size][size] */
export function blockOf(covariance: Float64Array, start: number, size: number): TapBlock {
  const variance = (at: number): number => covariance[at * size + at]
  const order = Array.from({ length: size }, (_, at) => at).sort((a, b) => variance(b) - variance(a) || a - b)
  let trace = 0
  for (let at = 0; at < size; at++) trace += variance(at)
  const damping = ridge * (trace / size || 1)
  const sorted = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    const from = order[i] * size
    for (let j = 0; j < size; j++) sorted[i * size + j] = covariance[from + order[j]]
    sorted[i * size + i] = sorted[i * size + i] + damping
  }
  return { order: order.map((at) => start + at), damping, factor: factoriseTaps(sorted, size) }
}
