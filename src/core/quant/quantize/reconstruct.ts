import type { Bits } from '../scheme'
import { product, type FitWork } from './fitEngine'
import type { Moments, TapBlock } from './moments'
import { covarianceOf, searchCodes, searchShifted, type CodeSearch, type FoundCodes } from './codeSearch'
import { groupShifts } from './groupScales'
import {
  laneIndex,
  laneLength,
  lanes,
  multiplyTaps,
  roundTaps,
  solveTaps,
  type RoundedTaps,
  type TapFactor
} from './tapFactor'
import { weightCode, weightScale, weightScales } from './weightQuantizer'

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
  /** Further to 3: codes and scales searched (codeSearch.ts) on more rows (calibration.ts). */
  readonly search: boolean
  /** With `search`: groups of so many taps have scales of their own (groupScales.ts). For evaluation alone: no kernel takes them. */
  readonly groupTaps?: number
  /** 4: scales refitted. */
  readonly scale: boolean
  /** 4: biases refitted. */
  readonly bias: boolean
}

/** What quantizing does. */
export const allSteps: FitSteps = { refit: true, spread: true, search: false, scale: true, bias: true }

/** What the method "reconstruct" does: more rows, and codes and scales searched. */
export const thoroughSteps: FitSteps = { ...allSteps, search: true }

/** What the method "grouped" does: two bits of shift for every 16 weights, an eighth of a bit a weight. */
export const groupedSteps: FitSteps = { ...thoroughSteps, groupTaps: 16 }

/** Float weights fitted to the quantized inputs; they do not depend on the width they are rounded to. */
export interface RefittedWeights {
  /** [channels][taps] */
  readonly weights: Float64Array
  /** By block: T times the weights, as tapFactor.ts holds them; null where a block has no factor. */
  readonly wanted: readonly (Float64Array | null)[]
}

/** Fits float weights [channels][taps] to what the layer will really see. */
export function refitWeights(
  moments: Moments,
  weights: Float32Array,
  isRefitted = allSteps.refit
): RefittedWeights {
  const { blocks, taps, channels } = moments
  const fitted = Float64Array.from(weights)
  // With several blocks weights stay as trained.
  const [block] = blocks
  if (isRefitted && blocks.length === 1 && block.factor !== null)
    return { weights: fitted, wanted: [solveWeights(moments, block, block.factor, fitted)] }
  const wanted = blocks.map(({ factor, order }) => {
    if (factor === null) return null
    return multiplyTaps(
      factor,
      inLanes(order, channels, (tap, c) => fitted[c * taps + tap])
    )
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
  const { channels, importance, blocks } = moments
  const scales = perTensor
    ? new Float64Array(channels).fill(scaleOfAll(fitted, bits, importance))
    : weightScales(fitted, bits, importance)
  const codes = new Int8Array(fitted.length)
  const squares = new Float64Array(channels)
  for (const [at, block] of blocks.entries()) {
    const own = steps.spread ? wanted[at] : null
    if (steps.search && own !== null && block.factor !== null && bits < 8)
      searchBlock(
        { moments, fitted, scales, bits, perTensor, steps },
        block,
        { factor: block.factor, covariance: covarianceOf(block.factor), wanted: own },
        codes,
        squares
      )
    else roundBlock(moments, block, fitted, own, scales, bits, codes, squares)
  }
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

/** One scale for all channels. */
function scaleOfAll(fitted: Float64Array, bits: Bits, importance: Float64Array): number {
  const taps = importance.length
  return weightScale(
    fitted,
    bits,
    Float64Array.from({ length: fitted.length }, (_, at) => importance[at % taps])
  )
}

/** Values of all channels at the taps of a block, in the order of tapFactor.ts. */
function inLanes(
  order: readonly number[],
  channels: number,
  valueOf: (tap: number, channel: number) => number
): Float64Array {
  const values = new Float64Array(laneLength(order.length, channels))
  for (let c = 0; c < channels; c++)
    for (let at = 0, to = laneIndex(order.length, c, 0); at < order.length; at++, to += lanes)
      values[to] = valueOf(order[at], c)
  return values
}

/** (covariance + damping) fitted = cross + damping * weights, for every channel. @returns T fitted */
function solveWeights(
  { taps, channels, cross }: Moments,
  { order, damping }: TapBlock,
  factor: TapFactor,
  fitted: Float64Array
): Float64Array {
  const values = inLanes(
    order,
    channels,
    (tap, c) => cross[tap * channels + c] + damping * fitted[c * taps + tap]
  )
  const wanted = solveTaps(factor, values)
  for (let c = 0; c < channels; c++)
    for (let at = 0, from = laneIndex(taps, c, 0); at < taps; at++, from += lanes)
      fitted[c * taps + order[at]] = values[from]
  return wanted
}

/** Rounds the taps of a block; adds q'Cq of every channel to `squares`. */
function roundBlock(
  { taps, channels, importance }: Moments,
  { order, damping, factor }: TapBlock,
  fitted: Float64Array,
  wanted: Float64Array | null,
  scales: Float64Array,
  bits: Bits,
  codes: Int8Array,
  squares: Float64Array
): void {
  const size = order.length
  let rounded: RoundedTaps | null = null
  if (factor !== null)
    rounded =
      wanted === null
        ? nearestCodes(factor, order, fitted, taps, scales, bits)
        : roundTaps(factor, wanted, scales, bits)
  for (let c = 0; c < channels; c++) {
    let norm = 0
    let plain = 0
    const first = laneIndex(size, c, 0)
    for (let at = 0; at < size; at++) {
      const to = c * taps + order[at]
      const code =
        rounded === null ? weightCode(fitted[to], scales[c], bits) : rounded.codes[first + at * lanes]
      codes[to] = code
      norm += code * code
      plain += code * code * importance[order[at]]
    }
    squares[c] = squares[c] + (rounded === null ? plain : Math.max(0, rounded.squares[c] - damping * norm))
  }
}

/** Searches the codes of a block and, where it is the only one, the scales; adds q'Cq of every channel to `squares`. */
function searchBlock(
  layer: {
    readonly moments: Moments
    readonly fitted: Float64Array
    readonly scales: Float64Array
    readonly bits: Bits
    readonly perTensor: boolean
    readonly steps: FitSteps
  },
  { order, damping }: TapBlock,
  problem: Pick<CodeSearch, 'factor' | 'covariance' | 'wanted'>,
  codes: Int8Array,
  squares: Float64Array
): void {
  const { moments, scales, bits, perTensor, steps } = layer
  const { taps, blocks } = moments
  const scale = blocks.length > 1 ? 'fixed' : perTensor ? 'shared' : 'own'
  const search = { ...problem, scales, bits, scale } as const
  const all = searchCodes(search)
  const grouped =
    steps.groupTaps === undefined || scale !== 'own'
      ? all
      : searchGroups(layer, order, search, steps.groupTaps)
  for (const [c, plain] of all.entries()) {
    const found = grouped[c].error < plain.error ? grouped[c] : plain
    scales[c] = found.scale
    let norm = 0
    for (const [at, tap] of order.entries()) {
      const code = found.codes[at]
      codes[c * taps + tap] = code
      norm += code * code
    }
    squares[c] = squares[c] + Math.max(0, found.square - damping * norm)
  }
}

/** Codes of every channel with scales for groups of taps. */
function searchGroups(
  { moments: { taps, importance }, fitted }: { readonly moments: Moments; readonly fitted: Float64Array },
  order: readonly number[],
  search: CodeSearch,
  groupTaps: number
): FoundCodes[] {
  return Array.from(search.scales, (_, c) => {
    const own = fitted.subarray(c * taps, (c + 1) * taps)
    const { shifts, scale } = groupShifts(own, importance, search.bits, groupTaps)
    return searchShifted(
      search,
      c,
      Uint8Array.from(order, (tap) => shifts[tap]),
      scale
    )
  })
}

/** Every weight's nearest code. */
function nearestCodes(
  factor: TapFactor,
  order: readonly number[],
  fitted: Float64Array,
  taps: number,
  scales: Float64Array,
  bits: Bits
): RoundedTaps {
  const codes = inLanes(order, scales.length, (tap, c) => weightCode(fitted[c * taps + tap], scales[c], bits))
  const products = multiplyTaps(factor, codes)
  const squares = new Float64Array(scales.length)
  for (let c = 0; c < scales.length; c++)
    for (let at = laneIndex(order.length, c, 0), n = 0; n < order.length; n++, at += lanes)
      squares[c] = squares[c] + products[at] * products[at]
  return { codes, squares }
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
