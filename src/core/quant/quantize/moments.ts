import { product, type FitWork } from './fitEngine'
import { fitKernels } from './fitKernels'
import type { Scratch } from './scratch'
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

/** Ridge strength, as a share of the inputs' mean square: keeps refitted weights near the trained ones. */
export const ridge = 0.05
/** Layers with more taps are rounded in blocks of at most this many. */
const maxTapsAtOnce = 640

/** Bytes that moments keep. */
export function momentsBytes({ cross, blocks, inputs }: Moments): number {
  return (
    8 * cross.length +
    4 * (inputs?.length ?? 0) +
    blocks.reduce((sum, { factor }) => sum + 8 * (factor?.rows.length ?? 0), 0)
  )
}

/** Input bytes (code + 128) of a layer at its sampled rows. */
export interface SampledBytes {
  /** [rows][taps] */
  readonly bytes: Uint8Array
  readonly rows: number
  /** Real value of a byte: (byte - 128 + zero) * scale. */
  readonly scale: number
  readonly zero: number
}

/** Float sums wanted at the sampled rows, without the mean of each channel. */
export interface CentredTargets {
  /** [rows][channels]; of a depthwise layer, whose channels are fitted one by one, [channels][rows]. */
  readonly values: Float32Array
  /** Mean that was taken away, by channel. */
  readonly mean: Float64Array
}

/** Takes the mean of each channel away from float sums [rows][channels], bias included; overwrites them. */
export function centredTargets(values: Float32Array, channels: number): CentredTargets {
  const rows = values.length / channels
  const mean = new Float64Array(channels)
  for (let from = 0; from < values.length; from += channels)
    for (let c = 0; c < channels; c++) mean[c] = mean[c] + values[from + c]
  for (let c = 0; c < channels; c++) mean[c] = mean[c] / rows
  for (let from = 0; from < values.length; from += channels)
    for (let c = 0; c < channels; c++) values[from + c] = values[from + c] - mean[c]
  return { values, mean }
}

/** The same by channel, as a depthwise layer is fitted: [channels][rows]. */
export function targetsByChannel(values: Float32Array, channels: number): CentredTargets {
  const { mean, values: centred } = centredTargets(values, channels)
  return { values: transposed(centred, channels), mean }
}

/** Moments of a layer's sampled inputs and of the float sums wanted there. */
export function* momentsOf(
  sampled: SampledBytes,
  targets: CentredTargets,
  scratch: Scratch
): FitWork<Moments> {
  const { rows } = sampled
  const [taps, channels] = [sampled.bytes.length / rows, targets.mean.length]
  const inputs = scratch.reals(sampled.bytes.length)
  const inputMean = centredInputs(sampled, inputs)
  const cross = Float64Array.from(yield* product(inputs, targets.values, rows))
  for (let at = 0; at < cross.length; at++) cross[at] = cross[at] * (1 / rows)
  const importance = new Float64Array(taps)
  const blocks: TapBlock[] = []
  const count = Math.ceil(taps / maxTapsAtOnce)
  for (let block = 0; block < count; block++) {
    const start = Math.floor((taps * block) / count)
    const end = Math.floor((taps * (block + 1)) / count)
    const part = count === 1 ? inputs : columnsOf(inputs, taps, start, end, scratch)
    const squares = yield* product(part, part, rows)
    if (part !== inputs) scratch.giveBack(part)
    const size = end - start
    const covariance: TapCovariance = (i, j) => squares[i * size + j] * (1 / rows)
    for (let at = 0; at < size; at++) importance[start + at] = covariance(at, at)
    blocks.push(blockOf(covariance, start, size))
  }
  const kept = count === 1 ? null : transposed(inputs, taps)
  scratch.giveBack(inputs)
  return {
    taps,
    channels,
    inputMean,
    targetMean: targets.mean,
    importance,
    cross,
    blocks,
    inputs: kept
  }
}

/** Writes real inputs [rows][taps] without the mean of each tap. @returns the means */
function centredInputs({ bytes, rows, scale, zero }: SampledBytes, inputs: Float32Array): Float64Array {
  const taps = bytes.length / rows
  const kernels = fitKernels()
  const [own, reals, mean] = kernels.room(Math.ceil(bytes.length / 8), Math.ceil(bytes.length / 2), taps)
  new Uint8Array(own.buffer, own.byteOffset).set(bytes)
  kernels.run.centre(own.byteOffset, rows, taps, scale, zero, reals.byteOffset, mean.byteOffset)
  inputs.set(new Float32Array(reals.buffer, reals.byteOffset, bytes.length))
  return mean.slice()
}

function columnsOf(
  values: Float32Array,
  width: number,
  start: number,
  end: number,
  scratch: Scratch
): Float32Array<ArrayBuffer> {
  const rows = values.length / width
  const part = scratch.reals(rows * (end - start))
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

/** Covariance of taps i and j of a block. */
export type TapCovariance = (i: number, j: number) => number

/** Taps that are rounded together, `size` of them from `start` on. */
export function blockOf(covariance: TapCovariance, start: number, size: number): TapBlock {
  const variance = Float64Array.from({ length: size }, (_, at) => covariance(at, at))
  const order = Array.from({ length: size }, (_, at) => at).sort((a, b) => variance[b] - variance[a] || a - b)
  const damping = ridge * (variance.reduce((sum, value) => sum + value, 0) / size || 1)
  const factor = factoriseTaps(size, (sorted) => {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++)
        sorted[i * size + j] = sorted[j * size + i] = covariance(order[i], order[j])
      sorted[i * size + i] = sorted[i * size + i] + damping
    }
  })
  return { order: order.map((at) => start + at), damping, factor }
}
