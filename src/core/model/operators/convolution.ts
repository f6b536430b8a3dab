import { intAttribute, type OnnxNode } from '../onnx/onnx'
import {
  append,
  badShape,
  bind,
  constantAt,
  floatsOf,
  hasInput,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState,
  type OperatorReader
} from '../onnx/importState'
import type { WindowAttributes } from '../graph'
import { imageInput, imageValue, type ImageInput } from './images'
import { readWindow } from './window'

/** Most weights a grouped convolution may have once its groups are filled up with zeros. */
const maxFilledWeights = 2 ** 22

/** A convolution with everything known: weights [outputs][inputs per group][kh][kw]. */
export interface Convolution {
  readonly image: ImageInput
  readonly window: WindowAttributes
  readonly size: readonly [height: number, width: number]
  readonly outputs: number
  readonly groups: number
  readonly weights: Float32Array
  readonly bias: Float32Array
}

/** A convolution of one or two dimensions, grouped or not; a Pad before it becomes its own padding. */
export const readConv: OperatorReader = (state, node) => {
  const value = valueAt(state, node, 0)
  const kernel = weightsAt(state, node, 1)
  const padding = absorbedPadding(value)
  const image = imageInput(state, node, padding === null ? value : padding.of, true)
  if (kernel.dims.length !== image.rank + 2)
    throw badShape(
      node,
      `weights of [${kernel.dims.join(', ')}] do not fit an input of [${value.dims.join(', ')}]`
    )
  const [outputs, perGroup] = kernel.dims as [number, number]
  const groups = intAttribute(node, 'group', 1)
  if (perGroup * groups !== image.channels || outputs % groups !== 0) {
    throw badShape(node, `its weights expect ${perGroup * groups} channels, the image has ${image.channels}`)
  }
  const pads = padding?.pads ?? [0, 0, 0, 0]
  const padded = [image.size[0] + pads[0] + pads[2], image.size[1] + pads[1] + pads[3]] as const
  const { window, height, width } = readWindow(node, padded, kernel.dims.slice(2), image.rank)
  const pad = window.pad.map((side, at) => side + pads[at]) as unknown as WindowAttributes['pad']
  bindConvolution(state, node, {
    image,
    window: { ...window, pad },
    size: [height, width],
    outputs,
    groups,
    weights: floatsOf(node, kernel),
    bias: readBias(state, node, outputs)
  })
}

/** The padding of a Pad with zeros in front, along the spatial axes only. */
export function absorbedPadding(value: ReturnType<typeof valueAt>): {
  of: ReturnType<typeof valueAt>
  pads: readonly number[]
} | null {
  const { padded, fill } = value
  if (padded === undefined || fill !== 0) return null
  const { before, after, of } = padded
  if ([before[0], before[1], after[0], after[1]].some((side) => side !== 0)) return null
  const [top, left] = before.length === 3 ? [0, before[2]] : [before[2], before[3]]
  const [bottom, right] = after.length === 3 ? [0, after[2]] : [after[2], after[3]]
  return { of, pads: [top, left, bottom, right] }
}

function readBias(state: ImportState, node: OnnxNode, outputs: number): Float32Array {
  const tensor = constantAt(state, node, 2)
  if (tensor === undefined) {
    if (hasInput(node, 2)) throw unsupported(node, 'its bias must be a constant')
    return new Float32Array(outputs)
  }
  const bias = floatsOf(node, tensor)
  if (bias.length !== outputs)
    throw badShape(node, `its bias has ${bias.length} entries for ${outputs} outputs`)
  return bias
}

/** Appends a convolution: depthwise, over all channels, or with groups brought into one of these forms. */
export function bindConvolution(state: ImportState, node: OnnxNode, convolution: Convolution): void {
  const { image, window, size, outputs, groups, bias } = convolution
  const common = { name: node.name, outputShape: [outputs, ...size], ...window, bias, relu: false }
  if (groups > 1 && groups === image.channels) {
    const repeat = outputs / groups
    const input = repeat === 1 ? image.node : repeatedChannels(state, node, image, repeat)
    const inOrder = repeat === 1 ? convolution : { ...convolution, image: { ...image, order: null } }
    const index = append(state, { op: 'depthwiseConv2d', ...common, ...reordered(inOrder), inputs: [input] })
    return bind(state, node, imageValue(state, index, image.rank, repeat === 1 ? image.order : null))
  }
  const weights = inNodeChannels(filledGroups(node, convolution), image, outputs)
  const index = append(state, { op: 'conv2d', ...common, inputs: [image.node], weights })
  bind(state, node, imageValue(state, index, image.rank))
}

/** Filters and biases of a depthwise layer in the order of the node's channels. */
function reordered({ image, weights, bias }: Convolution): { weights: Float32Array; bias: Float32Array } {
  if (image.order === null) return { weights, bias }
  const taps = weights.length / bias.length
  const [ownWeights, ownBias] = [new Float32Array(weights.length), new Float32Array(bias.length)]
  for (const [channel, own] of image.order.entries()) {
    ownBias[own] = bias[channel]
    ownWeights.set(weights.subarray(channel * taps, (channel + 1) * taps), own * taps)
  }
  return { weights: ownWeights, bias: ownBias }
}

/** Every channel `repeat` times in a row: a depth multiplier becomes a plain depthwise layer. */
function repeatedChannels(state: ImportState, node: OnnxNode, image: ImageInput, repeat: number): number {
  const plane = image.size[0] * image.size[1]
  const map = Int32Array.from({ length: image.channels * repeat * plane }, (_, at) => {
    const channel = Math.floor(at / plane / repeat)
    return (image.order?.[channel] ?? channel) * plane + (at % plane)
  })
  return append(state, {
    op: 'move',
    name: `${node.name}.repeat`,
    inputs: [image.node],
    outputShape: [image.channels * repeat, ...image.size],
    map,
    fill: 0
  })
}

/** Weights over all channels: those of other groups are zeros. */
function filledGroups(node: OnnxNode, { image, outputs, groups, weights }: Convolution): Float32Array {
  if (groups === 1) return weights
  const perGroup = image.channels / groups
  const taps = weights.length / (outputs * perGroup)
  if (outputs * image.channels * taps > maxFilledWeights)
    throw unsupported(
      node,
      `${groups} groups of ${perGroup} channels are too many to be filled up with zeros`
    )
  const filled = new Float32Array(outputs * image.channels * taps)
  for (let out = 0; out < outputs; out++) {
    const group = Math.floor(out / (outputs / groups))
    const own = weights.subarray(out * perGroup * taps, (out + 1) * perGroup * taps)
    filled.set(own, (out * image.channels + group * perGroup) * taps)
  }
  return filled
}

/** Weights [outputs][channels][taps] with the channels in the order of the node. */
function inNodeChannels(weights: Float32Array, image: ImageInput, outputs: number): Float32Array {
  if (image.order === null) return weights
  const taps = weights.length / (outputs * image.channels)
  const result = new Float32Array(weights.length)
  for (let out = 0; out < outputs; out++) {
    for (const [channel, own] of image.order.entries()) {
      const from = (out * image.channels + channel) * taps
      result.set(weights.subarray(from, from + taps), (out * image.channels + own) * taps)
    }
  }
  return result
}
