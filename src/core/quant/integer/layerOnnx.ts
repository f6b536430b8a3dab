import { ints } from '../../model/onnx/onnx'
import { transposeInner } from '../hwcGraph'
import { codeSums } from './codeSums'
import {
  type Conv2dLayer,
  type DenseLayer,
  type DepthwiseConv2dLayer,
  type Window
} from '../quantizedNetwork'

/** What byteModel.ts and evaluationModel.ts both write of a layer. */

/** A layer with weights. */
export type WeightedLayer = Conv2dLayer | DepthwiseConv2dLayer | DenseLayer

/** Attributes of a node with a window. */
export function windowAttributes({ kernel, stride, pad }: Window) {
  return { kernel_shape: ints(kernel), strides: ints(stride), pads: ints(pad) }
}

/** Shape of the weights in ONNX: [out][in per group][kh][kw], of a dense layer [out][in]. */
export function onnxWeightDims(layer: WeightedLayer): number[] {
  const channels = layer.bias.length
  if (layer.op === 'dense') return [channels, layer.weights.length / channels]
  return [channels, layer.op === 'depthwiseConv2d' ? 1 : layer.inputShape[2], ...layer.kernel]
}

/** Weight codes in the order of onnxWeightDims. */
export function onnxWeightCodes(layer: WeightedLayer): Int8Array {
  if (layer.op === 'dense') return layer.weights
  const [channels, inner] = onnxWeightDims(layer)
  const taps = layer.kernel[0] * layer.kernel[1]
  return layer.op === 'depthwiseConv2d'
    ? transposeInner(layer.weights, 1, taps, channels)
    : transposeInner(layer.weights, channels, taps, inner)
}

/** Channel's sums times this are in units of the output. */
export function channelFactors({ mult, shift }: WeightedLayer): Float64Array {
  return Float64Array.from(mult, (value, channel) => value / 2 ** shift[channel])
}

/** The bias without the input's zero offset, for sums over inputs that have the zero point taken away. */
export function biasOfLevels({ op, weights, bias, input }: WeightedLayer): Int32Array {
  const sums = codeSums(weights, bias.length, op === 'depthwiseConv2d')
  return bias.map((value, channel) => value - input.zero * sums[channel])
}
