import type { Bits } from '../scheme'
import { product, type FitWork } from './fitEngine'
import type { Moments, TapBlock } from './moments'
import { lanes, multiplyTaps, roundTaps, solveForward, solveTransposed } from './tapFactor'
import { weightCode, weightScale } from './weightQuantizer'

/**
 * Codes of one layer's weights chosen so that its sums over the calibration rows stay close to the float network's,
 * given the quantized inputs it will really see:
 *   1. weights are refitted by ridge regression of the float sums on the quantized inputs (makes up for input error);
 *   2. scales by weighted squared error (weightQuantizer.ts);
 *   3. rounding tap by tap, each tap's error spread over those not yet rounded (GPTQ, tapFactor.ts);
 *   4. scale and bias per channel refitted by least squares (a generalised bias correction).
 * All of it from the moments of inputs and targets; the rows are not looked at again.
 */
export interface ReconstructionProblem {
  /** Absent: all. */
  readonly steps?: FitSteps
  /** The layer's own bias, by channel; kept where step 4 is left out. */
  readonly ownBias?: Float32Array
  readonly moments: Moments
  readonly refit: RefittedWeights
  readonly bits: Bits
  /** One scale for all channels (the last layer, whose logits are compared with each other). */
  readonly perTensor: boolean
}

/** Steps of a reconstruction, all of them done by default; left out only to see what each one brings (bench/ptq.ts). */
export interface FitSteps {
  /** 1: weights refitted to the quantized inputs. */
  readonly refit: boolean
  /** 3: rounding errors spread over the taps that follow; else every weight goes to its nearest code. */
  readonly spread: boolean
  /** 4: scales refitted. */
  readonly scale: boolean
  /** 4: biases refitted. */
  readonly bias: boolean
}

/** What quantizing does. */
export const allSteps: FitSteps = { refit: true, spread: true, scale: true, bias: true }

/** Float weights fitted to the quantized inputs; they do not depend on the width they are rounded to. */
export interface RefittedWeights {
  /** [channels][taps] */
  readonly weights: Float64Array
  /** By block and group of channels: T times the weights; null where a block has no factor. */
  readonly wanted: readonly (readonly Float64Array[] | null)[]
}

/** Moments of a layer, of a depthwise layer one for each channel, and the weights fitted to them. */
export type FittedMoments = readonly { readonly moments: Moments; readonly refit: RefittedWeights }[]

/** Fits float weights [channels][taps] to what the layer will really see. */
export function refitWeights(
  moments: Moments,
  weights: Float32Array,
  isRefitted = allSteps.refit
): RefittedWeights {
  const { blocks, taps, channels } = moments
  const fitted = Float64Array.from(weights)
  // With several blocks weights stay as trained.
  if (isRefitted && blocks.length === 1 && blocks[0].factor !== null)
    return { weights: fitted, wanted: [solveWeights(moments, blocks[0], fitted)] }
  const wanted = blocks.map(({ factor, order }) => {
    if (factor === null) return null
    const parts: Float64Array[] = []
    forGroups(channels, (first, count) => {
      parts.push(productOf(factor, fitted, taps, order, first, count))
    })
    return parts
  })
  return { weights: fitted, wanted }
}

/** Codes, scales and biases of a layer that were fitted to its float outputs. */
export interface ReconstructedLayer {
  /** [channels][taps] */
  readonly codes: Int8Array
  readonly scales: Float64Array
  readonly bias: Float64Array
}

/** Chooses the codes of a layer's weights that keep its outputs nearest to the float ones. */
export function* reconstruct({
  moments,
  refit: { weights: fitted, wanted },
  bits,
  perTensor,
  steps = allSteps,
  ownBias
}: ReconstructionProblem): FitWork<ReconstructedLayer> {
  const { taps, channels, importance, blocks } = moments
  const scales = new Float64Array(channels)
  if (perTensor) {
    const spread = Float64Array.from({ length: fitted.length }, (_, at) => importance[at % taps])
    scales.fill(weightScale(fitted, bits, spread))
  } else {
    for (let c = 0; c < channels; c++) scales[c] = weightScale(fitted, bits, importance, c * taps, taps)
  }
  const codes = new Int8Array(fitted.length)
  const squares = new Float64Array(channels)
  for (const [at, block] of blocks.entries())
    roundBlock(moments, block, fitted, steps.spread ? wanted[at] : null, scales, bits, codes, squares)
  if (moments.inputs !== null) squares.set(yield* sumSquares(moments, codes))
  const found = refitScales(moments, codes, scales, squares, perTensor, steps.scale)
  return steps.bias || ownBias === undefined ? found : { ...found, bias: Float64Array.from(ownBias) }
}

/** Mean square of every channel's centred sums over the rows, in units of codes. */
function* sumSquares({ taps, channels, inputs }: Moments, codes: Int8Array): FitWork<Float64Array> {
  const right = new Float32Array(codes.length)
  for (let c = 0; c < channels; c++)
    for (let tap = 0; tap < taps; tap++) right[tap * channels + c] = codes[c * taps + tap]
  const sums = yield* product(inputs!, right, taps)
  const rows = sums.length / channels
  const squares = new Float64Array(channels)
  for (let at = 0; at < sums.length; at++)
    squares[at % channels] = squares[at % channels] + (sums[at] * sums[at]) / rows
  return squares
}

/** Calls `visit` for every group of `lanes` channels; a last group may be smaller. */
function forGroups(channels: number, visit: (first: number, count: number) => void): void {
  for (let first = 0; first < channels; first += lanes) visit(first, Math.min(lanes, channels - first))
}

/** (covariance + damping) fitted = cross + damping * weights, for every channel. @returns T fitted, by group */
function solveWeights(
  { taps, channels, cross }: Moments,
  { order, damping, factor }: TapBlock,
  fitted: Float64Array
): Float64Array[] {
  const wanted: Float64Array[] = []
  forGroups(channels, (first, count) => {
    const right = new Float64Array(taps * lanes)
    for (let at = 0; at < taps; at++) {
      const tap = order[at]
      for (let lane = 0; lane < count; lane++)
        right[at * lanes + lane] =
          cross[tap * channels + first + lane] + damping * fitted[(first + lane) * taps + tap]
    }
    solveTransposed(factor!, right)
    wanted.push(right.slice())
    solveForward(factor!, right)
    for (let at = 0; at < taps; at++)
      for (let lane = 0; lane < count; lane++)
        fitted[(first + lane) * taps + order[at]] = right[at * lanes + lane]
  })
  return wanted
}

/** Rounds the taps of a block; adds q'Cq of every channel to `squares`. */
function roundBlock(
  { taps, channels, importance }: Moments,
  { order, damping, factor }: TapBlock,
  fitted: Float64Array,
  wanted: readonly Float64Array[] | null,
  scales: Float64Array,
  bits: Bits,
  codes: Int8Array,
  squares: Float64Array
): void {
  const size = order.length
  forGroups(channels, (first, count) => {
    const found = new Float64Array(size * lanes)
    let energy: Float64Array | null = null
    if (factor !== null && wanted !== null) {
      const own = new Float64Array(lanes).fill(1)
      own.set(scales.subarray(first, first + count))
      energy = roundTaps(factor, wanted[first / lanes], own, bits, found)
    } else if (factor !== null) {
      energy = nearestCodes(
        factor,
        order,
        fitted.subarray(first * taps),
        taps,
        scales.subarray(first),
        count,
        bits,
        found
      )
    }
    for (let lane = 0; lane < count; lane++) {
      const c = first + lane
      let norm = 0
      let plain = 0
      for (let at = 0; at < size; at++) {
        const to = c * taps + order[at]
        const code = factor === null ? weightCode(fitted[to], scales[c], bits) : found[at * lanes + lane]
        codes[to] = code
        norm += code * code
        plain += code * code * importance[order[at]]
      }
      squares[c] = squares[c] + (energy === null ? plain : Math.max(0, energy[lane] - damping * norm))
    }
  })
}

/** Every weight's nearest code into `found` [size][lanes]. @returns |T q|² per lane */
function nearestCodes(
  factor: NonNullable<TapBlock['factor']>,
  order: readonly number[],
  fitted: Float64Array,
  taps: number,
  scales: Float64Array,
  count: number,
  bits: Bits,
  found: Float64Array
): Float64Array {
  for (const [at, tap] of order.entries())
    for (let lane = 0; lane < count; lane++)
      found[at * lanes + lane] = weightCode(fitted[lane * taps + tap], scales[lane], bits)
  const products = new Float64Array(found.length)
  multiplyTaps(factor, found, products)
  const squares = new Float64Array(lanes)
  for (let at = 0; at < products.length; at++)
    squares[at % lanes] = squares[at % lanes] + products[at] * products[at]
  return squares
}

function productOf(
  factor: NonNullable<TapBlock['factor']>,
  fitted: Float64Array,
  taps: number,
  order: readonly number[],
  first: number,
  count: number
): Float64Array {
  const values = new Float64Array(order.length * lanes)
  for (const [at, tap] of order.entries())
    for (let lane = 0; lane < count; lane++) values[at * lanes + lane] = fitted[(first + lane) * taps + tap]
  const out = new Float64Array(values.length)
  multiplyTaps(factor, values, out)
  return out
}

function refitScales(
  { taps, channels, inputMean, targetMean, cross }: Moments,
  codes: Int8Array,
  scales: Float64Array,
  squares: Float64Array,
  perTensor: boolean,
  isRefitted: boolean
): ReconstructedLayer {
  const products = new Float64Array(channels)
  const square = squares.slice()
  const sumMean = new Float64Array(channels)
  for (let c = 0; c < channels; c++) {
    for (let tap = 0; tap < taps; tap++) {
      const code = codes[c * taps + tap]
      sumMean[c] = sumMean[c] + code * inputMean[tap]
      products[c] = products[c] + code * cross[tap * channels + c]
    }
  }
  if (perTensor) {
    products.fill(products.reduce((a, b) => a + b, 0))
    square.fill(square.reduce((a, b) => a + b, 0))
  }
  const refitted = scales.map((scale, c) => {
    const best = products[c] / square[c]
    // A channel whose sums are constant or turn the wrong way says nothing about its scale.
    return isRefitted && best > scale / 4 && best < scale * 4 ? best : scale
  })
  return { codes, scales: refitted, bias: refitted.map((scale, c) => targetMean[c] - scale * sumMean[c]) }
}
