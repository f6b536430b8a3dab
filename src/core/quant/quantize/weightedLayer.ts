import type { WeightedNode } from '../../model/graph'
import type { ActivationRanges } from './calibration'
import { requantFactor, toFixedPoint } from '../integer/fixedPoint'
import { gatherCodes, tapPositions } from '../integer/im2col'
import {
  zeroCode,
  type CodeFormat,
  type Conv2dLayer,
  type DenseLayer,
  type DepthwiseConv2dLayer
} from '../quantizedNetwork'
import type { ShapeHwc } from '../../kernel/shape'
import { reconstruct, type ReconstructedLayer } from './reconstruct'
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
  /** Quantized input of every calibration image, one behind the other. */
  readonly codes: Int8Array
}

type WeightedIntegerLayer = Conv2dLayer | DepthwiseConv2dLayer | DenseLayer

/** Chooses codes and scales by reconstruction and turns them into integers. */
export function quantizeWeighted(calibration: ActivationRanges, site: WeightedSite): WeightedIntegerLayer {
  return integerLayer(site, reconstructSite(calibration, site))
}

function reconstructSite(calibration: ActivationRanges, site: WeightedSite): ReconstructedLayer {
  const { node, index, outputShape, bits, output } = site
  const weights = calibration.weights[index]!
  const target = calibration.targetOf(index)
  const channels = outputShape[2]
  const inner = node.op === 'depthwiseConv2d' ? weights.length : weights.length / channels
  const inputs = sampleInputs(site, target.image, target.pixel, inner)
  const perTensor = output === null
  if (node.op !== 'depthwiseConv2d') {
    return reconstruct({
      inputs,
      targets: target.sums,
      weights,
      bits: bits.weightBits,
      taps: inner,
      channels,
      perTensor
    })
  }
  const taps = inner / channels
  const result: ReconstructedLayer = {
    codes: new Int8Array(inner),
    scales: new Float64Array(channels),
    bias: new Float64Array(channels)
  }
  for (let c = 0; c < channels; c++) {
    const own = reconstruct({
      inputs: everyNth(inputs, channels, c),
      targets: everyNth(target.sums, channels, c),
      weights: everyNth(weights, channels, c),
      bits: bits.weightBits,
      taps,
      channels: 1,
      perTensor: false
    })
    for (let tap = 0; tap < taps; tap++) result.codes[tap * channels + c] = own.codes[tap]!
    result.scales[c] = own.scales[0]!
    result.bias[c] = own.bias[0]!
  }
  return result
}

/** Real input taps at the sampled rows, [rows][inner]. */
function sampleInputs(site: WeightedSite, image: Int32Array, pixel: Int32Array, inner: number): Float32Array {
  const { node, inputShape, outputShape, input, codes } = site
  const size = inputShape[0] * inputShape[1] * inputShape[2]
  const columns = new Int8Array(outputShape[0] * outputShape[1] * inner)
  const rows = new Float32Array(image.length * inner)
  const pad = zeroCode(input)
  const positions =
    node.op === 'dense' ? new Int32Array(0) : tapPositions(inputShape, node, outputShape[0], outputShape[1])
  let unfolded = -1
  for (let row = 0; row < image.length; row++) {
    if (image[row] !== unfolded) {
      unfolded = image[row]!
      const own = codes.subarray(unfolded * size, (unfolded + 1) * size)
      if (node.op === 'dense') columns.set(own)
      else gatherCodes(own, positions, pad, columns)
    }
    const from = pixel[row]! * inner
    for (let k = 0; k < inner; k++) rows[row * inner + k] = (columns[from + k]! + input.zero) * input.scale
  }
  return rows
}

function everyNth(values: Float32Array, step: number, start: number): Float32Array {
  return Float32Array.from({ length: values.length / step }, (_, at) => values[at * step + start]!)
}

/** Real scales and biases as int32 bias and fixed-point factors (docs/arithmetic.md "Accumulate", "Requantise"). */
export function integerLayer(
  site: Omit<WeightedSite, 'codes'>,
  found: ReconstructedLayer
): WeightedIntegerLayer {
  const { node, bits, input, output } = site
  const channels = found.scales.length
  const isDepthwise = node.op === 'depthwiseConv2d'
  const taps = found.codes.length / channels
  const bias = new Int32Array(channels)
  for (let c = 0; c < channels; c++) {
    let sum = 0
    for (let tap = 0; tap < taps; tap++)
      sum += found.codes[isDepthwise ? tap * channels + c : c * taps + tap]!
    const own = Math.round(found.bias[c]! / (input.scale * found.scales[c]!))
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
    outScale: output?.scale ?? input.scale * found.scales[0]!,
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
