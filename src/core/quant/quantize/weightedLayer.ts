import type { WeightedNode } from '../../model/graph'
import { weightsOfNode } from '../hwcGraph'
import type { ActivationRanges } from './calibration'
import type { FitWork } from './fitEngine'
import { codeSums } from '../integer/codeSums'
import { requantFactor, toFixedPoint } from '../integer/fixedPoint'
import { tapPositions } from '../integer/im2col'
import { channelFit, fitChannels, roundChannels, type ChannelFits, type FittedMoments } from './channelFits'
import { momentsBytes, momentsOf } from './moments'
import {
  zeroCode,
  type CodeFormat,
  type Conv2dLayer,
  type DenseLayer,
  type DepthwiseConv2dLayer
} from '../quantizedNetwork'
import type { ShapeHwc } from '../../kernel/shape'
import {
  reconstruct,
  refitWeights,
  type FitSteps,
  type ReconstructedLayer,
  type ReconstructionProblem
} from './reconstruct'
import type { LayerBits } from '../scheme'
import type { Scratch } from './scratch'

/** Everything quantizeNetwork knows when it reaches a weighted node. */
export interface WeightedSite {
  readonly node: WeightedNode
  /** Index in the graph. */
  readonly index: number
  readonly bits: LayerBits
  readonly inputs: readonly number[]
  readonly inputShape: ShapeHwc
  readonly outputShape: ShapeHwc
  readonly input: CodeFormat
  /** Null: the last layer. */
  readonly output: CodeFormat | null
  /** Quantized input of every calibration image as bytes (code + 128), one behind the other; computed when called. */
  readonly bytes: () => FitWork<Uint8Array>
}

type WeightedIntegerLayer = Conv2dLayer | DepthwiseConv2dLayer | DenseLayer

/**
 * Chooses codes and scales by reconstruction and turns them into integers.
 * @param depends what the input codes depend on, as text: schemes that agree up to here share the moments
 */
export function* quantizeWeighted(
  calibration: ActivationRanges,
  site: WeightedSite,
  depends: string
): FitWork<WeightedIntegerLayer> {
  const key = `${site.index}|${depends}|${site.input.bits}:${site.input.scale}:${site.input.zero}`
  // What a layer writes its sums as does not change its codes: a reader that wants other bits leaves them as they are.
  const bitsKey = `${key}|${site.bits.weightBits}`
  let found = calibration.roundedCache.get(bitsKey)
  if (found === undefined) {
    let moments = calibration.momentCache.get(key)
    if (moments === undefined) {
      moments = yield* siteMoments(calibration, site)
      calibration.momentCache.set(key, moments, fittedBytes(moments))
    }
    found = yield* reconstructSite(site, moments, calibration.steps)
    calibration.roundedCache.set(bitsKey, found, roundedBytes(found))
  }
  return integerLayer(site, found)
}

/** Bytes that codes, scales and biases keep. */
export function roundedBytes({ codes, scales }: ReconstructedLayer): number {
  return codes.length + 16 * scales.length
}

/** Bytes that they keep. */
function fittedBytes(fitted: FittedMoments): number {
  if ('values' in fitted) return fitted.values.byteLength
  const { moments, refit } = fitted
  return refit.wanted.reduce(
    (bytes, wanted) => bytes + 8 * (wanted?.length ?? 0),
    momentsBytes(moments) + 8 * refit.weights.length
  )
}

function* siteMoments(calibration: ActivationRanges, site: WeightedSite): FitWork<FittedMoments> {
  const { node, index, input } = site
  const { scratch, steps } = calibration
  const { image, pixel, targets } = calibration.targetOf(index)
  const weights = weightsOfNode(calibration.weights, index)
  const inputs = {
    bytes: sampledBytes(site, yield* site.bytes(), image, pixel, scratch),
    rows: image.length,
    scale: input.scale,
    zero: input.zero
  }
  if (node.op === 'depthwiseConv2d') {
    const fits = yield* fitChannels(inputs, targets, weights, steps)
    scratch.giveBack(inputs.bytes)
    return fits
  }
  const moments = yield* momentsOf(inputs, targets, scratch)
  scratch.giveBack(inputs.bytes)
  return { moments, refit: refitWeights(moments, weights, steps.refit) }
}

function* reconstructSite(
  { node, bits, output }: WeightedSite,
  fitted: FittedMoments,
  steps: FitSteps
): FitWork<ReconstructedLayer> {
  const bitsOf = { bits: bits.weightBits, steps }
  if (!('values' in fitted))
    return yield* reconstruct({ ...fitted, ...bitsOf, perTensor: output === null, ownBias: node.bias })
  if (steps.search || !steps.spread)
    return yield* reconstructChannels(fitted, { ...bitsOf, ownBias: node.bias })
  const found = roundChannels(fitted, bits.weightBits, steps)
  return steps.bias ? found : { ...found, bias: Float64Array.from(node.bias) }
}

/** Channels of a depthwise layer one after the other. */
function* reconstructChannels(
  fits: ChannelFits,
  { ownBias, ...rest }: Pick<ReconstructionProblem, 'bits' | 'steps'> & { readonly ownBias: Float32Array }
): FitWork<ReconstructedLayer> {
  const { channels, taps } = fits
  const result: ReconstructedLayer = {
    codes: new Int8Array(taps * channels),
    scales: new Float64Array(channels),
    bias: new Float64Array(channels)
  }
  for (let c = 0; c < channels; c++) {
    const problem = { ...channelFit(fits, c), ...rest, ownBias: ownBias.subarray(c, c + 1) }
    const own = yield* reconstruct({ ...problem, perTensor: false })
    for (let tap = 0; tap < taps; tap++) result.codes[tap * channels + c] = own.codes[tap]
    result.scales[c] = own.scales[0]
    result.bias[c] = own.bias[0]
  }
  return result
}

/**
 * Input bytes of the window of every sampled output pixel: [rows][taps in kernel order], of a depthwise layer
 * [taps][rows][channels].
 */
function sampledBytes(
  { node, inputShape, outputShape, input }: WeightedSite,
  bytes: Uint8Array,
  image: Int32Array,
  pixel: Int32Array,
  scratch: Scratch
): Uint8Array<ArrayBuffer> {
  const [height, width, channels] = inputShape
  const size = height * width * channels
  const places = windowPlaces(node, inputShape, outputShape)
  const perPlace = node.op === 'dense' ? size : channels
  const taps = node.op === 'dense' ? 1 : places.length / (outputShape[0] * outputShape[1])
  const isDepthwise = node.op === 'depthwiseConv2d'
  const rows = image.length
  const sampled = scratch.bytes(rows * taps * perPlace)
  const padding = zeroCode(input) + 128
  // Words where all places begin at one: a loop over bytes takes a multiple of their time.
  const isInWords = perPlace % 4 === 0 && bytes.byteOffset % 4 === 0 && sampled.byteOffset % 4 === 0
  const unit = isInWords ? 4 : 1
  const from = isInWords ? wordsOf(bytes) : bytes
  const into = isInWords ? wordsOf(sampled) : sampled
  const count = perPlace / unit
  for (let row = 0; row < rows; row++) {
    const start = (image[row] * size) / unit
    for (let tap = 0; tap < taps; tap++) {
      const place = places[pixel[row] * taps + tap]
      const to = (isDepthwise ? tap * rows + row : row * taps + tap) * count
      if (place < 0) sampled.fill(padding, to * unit, (to + count) * unit)
      else copyUnits(from, start + place * count, into, to, count)
    }
  }
  return sampled
}

/** Positions in the image of every tap of every output pixel, by node: the same for all schemes. */
const knownPlaces = new WeakMap<WeightedNode, Int32Array>()

function windowPlaces(node: WeightedNode, [height, width]: ShapeHwc, outputShape: ShapeHwc): Int32Array {
  let places = knownPlaces.get(node)
  if (places === undefined) {
    places =
      node.op === 'dense'
        ? // Its window is its whole input.
          Int32Array.of(0)
        : tapPositions([height, width, 1], node, outputShape[0], outputShape[1])
    knownPlaces.set(node, places)
  }
  return places
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
}

/** Elements from which on a call of `set` is faster than a loop. */
const longCopy = 48

function copyUnits<T extends Uint8Array | Uint32Array>(
  from: T,
  start: number,
  into: T,
  to: number,
  count: number
): void {
  if (count >= longCopy) into.set(from.subarray(start, start + count), to)
  else for (let at = 0; at < count; at++) into[to + at] = from[start + at]
}

/** Real scales and biases as int32 bias and fixed-point factors (docs/arithmetic.md "Accumulate", "Requantise"). */
export function integerLayer(
  site: Omit<WeightedSite, 'bytes'>,
  found: ReconstructedLayer
): WeightedIntegerLayer {
  const { node, bits, input, output } = site
  const sums = codeSums(found.codes, found.scales.length, node.op === 'depthwiseConv2d')
  const bias = sums.map((sum, c) => {
    const own = Math.round(found.bias[c] / (input.scale * found.scales[c]))
    return Math.max(-(2 ** 30), Math.min(2 ** 30, own)) + input.zero * sum
  })
  const factors =
    output === null
      ? []
      : Array.from(found.scales, (scale) =>
          toFixedPoint(requantFactor(input.scale * scale, output.scale, output.bits))
        )
  const common = {
    name: node.name,
    inputs: site.inputs,
    inputShape: site.inputShape,
    outputShape: site.outputShape,
    input,
    outBits: output?.bits ?? 8,
    outScale: output?.scale ?? input.scale * found.scales[0],
    outZero: output?.zero ?? 0,
    relu: node.relu,
    weightBits: bits.weightBits,
    activationBits: input.bits,
    weights: found.codes,
    bias,
    weightScale: found.scales,
    mult: Int32Array.from(factors, ({ mult }) => mult),
    shift: Uint8Array.from(factors, ({ shift }) => shift),
    last: output === null
  } as const
  if (node.op === 'dense') return { op: 'dense', ...common }
  const { kernel, stride, pad, dilation } = node
  const steps = dilation === undefined ? {} : { dilation }
  return { op: node.op, ...common, kernel, stride, pad, ...steps, padCode: zeroCode(input) }
}
