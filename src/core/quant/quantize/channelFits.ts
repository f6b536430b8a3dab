import type { Bits } from '../scheme'
import { channelSums, type FitWork } from './fitEngine'
import { fitKernels } from './fitKernels'
import { ridge, type CentredTargets, type Moments, type SampledBytes } from './moments'
import type { FitSteps, ReconstructedLayer, RefittedWeights } from './reconstruct'
import { laneLength, lanes } from './tapFactor'
import { largestWeightCode } from './weightQuantizer'

/**
 * Moments of every channel of a depthwise layer, which are fitted one by one, and the weights fitted to them. All of it lies in one
 * array that compiled loops go through (fitChannels and roundChannels in resources/fitting/fit.c): as objects of their own the moments
 * of some thousand channels cost more than the arithmetic.
 */
export interface ChannelFits {
  readonly channels: number
  readonly taps: number
  /**
   * [channels] of: damping, mean of the target, then [taps] each of input means, variances, covariances with the target, fitted
   * weights, order of the taps and, in that order, T times the weights; then T, [taps][taps], its first number 0 where there is none.
   */
  readonly values: Float64Array
}

/** Moments of a layer and the weights fitted to them, of a depthwise layer channel by channel. */
export type FittedMoments = ChannelFits | { readonly moments: Moments; readonly refit: RefittedWeights }

/** Numbers before the arrays of a channel, and how many arrays [taps] it has. */
const heads = 2
const arrays = 6

const lengthOf = (taps: number): number => heads + arrays * taps + taps * taps

/**
 * Fits every channel; bytes of the inputs: [taps][rows][channels].
 * @param weights [taps][channels]
 */
export function* fitChannels(
  { bytes, rows, scale, zero }: SampledBytes,
  targets: CentredTargets,
  weights: Float32Array,
  steps: Pick<FitSteps, 'refit'>
): FitWork<ChannelFits> {
  const channels = targets.mean.length
  const taps = bytes.length / (rows * channels)
  const sums = yield* channelSums({ bytes, targets: targets.values, rows, channels })
  const kernels = fitKernels()
  const length = channels * lengthOf(taps)
  const [fits, means, squares, cross, ofTargets, ofWeights, room] = kernels.room(
    length,
    doublesOf(sums.means),
    doublesOf(sums.squares),
    doublesOf(sums.cross),
    channels,
    doublesOf(weights),
    2 * lanes * taps
  )
  for (const [to, from] of [
    [means, sums.means],
    [squares, sums.squares],
    [cross, sums.cross],
    [ofWeights, weights]
  ] as const)
    new Float32Array(to.buffer, to.byteOffset, from.length).set(from)
  ofTargets.set(targets.mean)
  kernels.run.fitChannels(
    fits.byteOffset,
    channels,
    taps,
    means.byteOffset,
    squares.byteOffset,
    cross.byteOffset,
    ofTargets.byteOffset,
    ofWeights.byteOffset,
    rows,
    scale,
    zero,
    ridge,
    steps.refit ? 1 : 0,
    room.byteOffset
  )
  return { channels, taps, values: fits.slice() }
}

/** Doubles that reals take the room of. */
const doublesOf = (reals: Float32Array): number => Math.ceil(reals.length / 2)

/** Codes [taps][channels], scales and biases of all channels, rounded tap by tap. */
export function roundChannels(
  { channels, taps, values }: ChannelFits,
  bits: Bits,
  steps: Pick<FitSteps, 'scale'>
): ReconstructedLayer {
  const kernels = fitKernels()
  const [fits, codes, scales, bias, room] = kernels.room(
    values.length,
    Math.ceil((channels * taps) / 8),
    channels,
    channels,
    (2 * lanes + 1) * taps
  )
  fits.set(values)
  kernels.run.roundChannels(
    fits.byteOffset,
    channels,
    taps,
    largestWeightCode(bits),
    steps.scale ? 1 : 0,
    codes.byteOffset,
    scales.byteOffset,
    bias.byteOffset,
    room.byteOffset
  )
  return {
    codes: new Int8Array(codes.buffer, codes.byteOffset, channels * taps).slice(),
    scales: scales.slice(),
    bias: bias.slice()
  }
}

/** One channel as a layer of its own, for steps that the compiled loops do not take. */
export function channelFit(
  { taps, values }: ChannelFits,
  channel: number
): { readonly moments: Moments; readonly refit: RefittedWeights } {
  const own = values.subarray(channel * lengthOf(taps), (channel + 1) * lengthOf(taps))
  const [inputMean, importance, cross, weights, order, products] = Array.from({ length: arrays }, (_, at) =>
    own.subarray(heads + at * taps, heads + (at + 1) * taps)
  )
  const rows = own.subarray(heads + arrays * taps)
  const factor = rows[0] === 0 ? null : { size: taps, rows }
  const wanted = new Float64Array(laneLength(taps, 1))
  for (const [at, product] of products.entries()) wanted[at * lanes] = product
  return {
    moments: {
      ...{ taps, channels: 1, inputMean, importance, cross, inputs: null },
      targetMean: own.subarray(1, heads),
      blocks: [{ order: Array.from(order), damping: own[0], factor }]
    },
    refit: { weights, wanted: [factor === null ? null : wanted] }
  }
}
