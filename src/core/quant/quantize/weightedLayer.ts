import type { WeightedNode } from '../../model/graph'
import { weightsOfNode } from '../hwcGraph'
import type { ActivationRanges } from './calibration'
import type { FitWork } from './fitEngine'
import { requantFactor, toFixedPoint } from '../integer/fixedPoint'
import { tapPositions } from '../integer/im2col'
import { depthwiseMoments, type DepthwiseInputs } from './depthwiseMoments'
import { momentsBytes, momentsOf } from './moments'
import {
  zeroCode,
  type CodeFormat,
  type Conv2dLayer,
  type DenseLayer,
  type DepthwiseConv2dLayer
} from '../quantizedNetwork'
import type { ShapeHwc } from '../../kernel/shape'
import { reconstruct, refitWeights, type FittedMoments, type ReconstructedLayer } from './reconstruct'
import type { LayerBits } from '../scheme'

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
  /** Quantized input of every calibration image as bytes (code + 128), one behind the other. */
  readonly bytes: Uint8Array
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
  let moments = calibration.momentCache.get(key)
  if (moments === undefined) {
    moments = yield* siteMoments(calibration, site)
    calibration.momentCache.set(key, moments, fittedBytes(moments))
  }
  return integerLayer(site, yield* reconstructSite(site, moments))
}

/** Bytes that they keep. */
function fittedBytes(all: FittedMoments): number {
  let bytes = momentsBytes(all.map(({ moments }) => moments))
  for (const { refit } of all) {
    bytes += 8 * refit.weights.length
    for (const block of refit.wanted) for (const part of block ?? []) bytes += 8 * part.length
  }
  return bytes
}

function* siteMoments(calibration: ActivationRanges, site: WeightedSite): FitWork<FittedMoments> {
  const { node, index, outputShape } = site
  const { image, pixel, sums } = calibration.targetOf(index)
  const weights = weightsOfNode(calibration.weights, index)
  if (node.op === 'depthwiseConv2d') {
    const inputs = depthwiseInputs(site, image, pixel)
    return depthwiseMoments(inputs, sums, image.length, outputShape[2]).map((moments, c) => ({
      moments,
      refit: refitWeights(moments, everyNth(weights, outputShape[2], c))
    }))
  }
  const inputs = sampleInputs(site, image, pixel)
  const moments = yield* momentsOf(inputs, sums, image.length)
  return [{ moments, refit: refitWeights(moments, weights) }]
}

function* reconstructSite(
  { node, outputShape, bits, output }: WeightedSite,
  fitted: FittedMoments
): FitWork<ReconstructedLayer> {
  const perTensor = output === null
  if (node.op !== 'depthwiseConv2d')
    return yield* reconstruct({ ...fitted[0], bits: bits.weightBits, perTensor })
  const channels = outputShape[2]
  const { taps } = fitted[0].moments
  const result: ReconstructedLayer = {
    codes: new Int8Array(taps * channels),
    scales: new Float64Array(channels),
    bias: new Float64Array(channels)
  }
  for (let c = 0; c < channels; c++) {
    const own = yield* reconstruct({ ...fitted[c], bits: bits.weightBits, perTensor: false })
    for (let tap = 0; tap < taps; tap++) result.codes[tap * channels + c] = own.codes[tap]
    result.scales[c] = own.scales[0]
    result.bias[c] = own.bias[0]
  }
  return result
}

/** Real value of every byte of a format, and of its padding. */
function realsOf(input: CodeFormat): { reals: Float32Array; padding: number } {
  const reals = Float32Array.from({ length: 256 }, (_, byte) => (byte - 128 + input.zero) * input.scale)
  return { reals, padding: reals[zeroCode(input) + 128] }
}

/** Where the taps of a depthwise layer lie at the sampled rows. */
function depthwiseInputs(site: WeightedSite, image: Int32Array, pixel: Int32Array): DepthwiseInputs {
  const { node, inputShape, outputShape, input, bytes } = site
  if (node.op === 'dense') throw new Error(`${node.name} has no window`)
  const [height, width, channels] = inputShape
  const positions = tapPositions([height, width, 1], node, outputShape[0], outputShape[1])
  const taps = positions.length / (outputShape[0] * outputShape[1])
  const places = new Int32Array(image.length * taps)
  for (let row = 0; row < image.length; row++)
    for (let tap = 0; tap < taps; tap++) {
      const position = positions[pixel[row] * taps + tap]
      places[row * taps + tap] = position < 0 ? -1 : (image[row] * height * width + position) * channels
    }
  return { bytes, places, ...realsOf(input) }
}

/** Real input taps at the sampled rows, [rows][taps in kernel order]. */
function sampleInputs(site: WeightedSite, image: Int32Array, pixel: Int32Array): Float32Array {
  const { node, inputShape, outputShape, input, bytes } = site
  const size = inputShape[0] * inputShape[1] * inputShape[2]
  const positions =
    node.op === 'dense'
      ? Int32Array.from({ length: size }, (_, at) => at)
      : tapPositions(inputShape, node, outputShape[0], outputShape[1])
  const inner = node.op === 'dense' ? size : positions.length / (outputShape[0] * outputShape[1])
  const rows = new Float32Array(image.length * inner)
  const { reals, padding } = realsOf(input)
  let to = 0
  for (let row = 0; row < image.length; row++) {
    const start = image[row] * size
    const from = pixel[row] * inner
    for (let k = from, end = from + inner; k < end; k++) {
      const position = positions[k]
      rows[to++] = position < 0 ? padding : reals[bytes[start + position]]
    }
  }
  return rows
}

function everyNth(values: Float32Array, step: number, start: number): Float32Array {
  return Float32Array.from({ length: values.length / step }, (_, at) => values[at * step + start])
}

/** Real scales and biases as int32 bias and fixed-point factors (docs/arithmetic.md "Accumulate", "Requantise"). */
export function integerLayer(
  site: Omit<WeightedSite, 'bytes'>,
  found: ReconstructedLayer
): WeightedIntegerLayer {
  const { node, bits, input, output } = site
  const channels = found.scales.length
  const isDepthwise = node.op === 'depthwiseConv2d'
  const taps = found.codes.length / channels
  const bias = new Int32Array(channels)
  for (let c = 0; c < channels; c++) {
    let sum = 0
    for (let tap = 0; tap < taps; tap++) sum += found.codes[isDepthwise ? tap * channels + c : c * taps + tap]
    const own = Math.round(found.bias[c] / (input.scale * found.scales[c]))
    bias[c] = Math.max(-(2 ** 30), Math.min(2 ** 30, own)) + input.zero * sum
  }
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
