import { intAttribute, intsAttribute, textAttribute, type OnnxNode } from '../onnx/onnx'
import {
  append,
  badShape,
  constantAt,
  floatsOf,
  valueAt,
  weightsAt,
  type OperatorReader
} from '../onnx/importState'
import { checkedCount } from '../constants/checkedCount'
import { offsetMap } from '../constants/indexing'
import { bindConvolution } from './convolution'
import { imageInput } from './images'

/** One spatial axis of a transposed convolution. */
interface Axis {
  readonly size: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  readonly padBefore: number
  readonly output: number
}

/**
 * A transposed convolution: zeros put between the input's pixels (a move), then a convolution with the kernel turned round
 * (ONNX operator documentation, ConvTranspose).
 */
export const readConvTranspose: OperatorReader = (state, node) => {
  const value = valueAt(state, node, 0)
  const kernel = weightsAt(state, node, 1)
  const image = imageInput(state, node, value)
  const groups = intAttribute(node, 'group', 1)
  const [channels, perGroup] = kernel.dims as [number, number]
  if (kernel.dims.length !== image.rank + 2 || channels !== image.channels)
    throw badShape(
      node,
      `weights of [${kernel.dims.join(', ')}] do not fit an input of [${value.dims.join(', ')}]`
    )
  const outputs = perGroup * groups
  const axes = axesOf(node, value.dims.slice(2), kernel.dims.slice(2))
  const [vertical, horizontal] = axes.length === 1 ? [wholeAxis, axes[0]] : [axes[0], axes[1]]
  const spread = [vertical, horizontal].map(sourcesOf)
  const [height, width] = spread.map((sources) => sources.length) as [number, number]
  checkedCount(node, [channels, height, width])
  const own = image.size[0] * image.size[1]
  const offsets = [
    Array.from({ length: channels }, (_, channel) => channel * own),
    spread[0].map((row) => (row < 0 ? -1 : row * image.size[1])),
    spread[1]
  ]
  const moved = append(state, {
    op: 'move',
    name: `${node.name}.spread`,
    inputs: [image.node],
    outputShape: [channels, height, width],
    map: offsetMap(offsets),
    fill: 0
  })
  const bias = constantAt(state, node, 2)
  bindConvolution(state, node, {
    image: { ...image, node: moved, size: [height, width], order: null },
    window: {
      kernel: [vertical.kernel, horizontal.kernel],
      stride: [1, 1],
      pad: [0, 0, 0, 0],
      ...(vertical.dilation * horizontal.dilation === 1
        ? {}
        : { dilation: [vertical.dilation, horizontal.dilation] as const })
    },
    size: [vertical.output, horizontal.output],
    outputs,
    groups,
    weights: turned(floatsOf(node, kernel), channels, perGroup, groups),
    bias: bias === undefined ? new Float32Array(outputs) : floatsOf(node, bias)
  })
}

const wholeAxis: Axis = { size: 1, kernel: 1, stride: 1, dilation: 1, padBefore: 0, output: 1 }

function axesOf(node: OnnxNode, sizes: readonly number[], kernel: readonly number[]): Axis[] {
  const rank = sizes.length
  const pads = intsAttribute(node, 'pads') ?? new Array<number>(2 * rank).fill(0)
  const wanted = intsAttribute(node, 'output_shape')?.slice(-rank)
  const mode = textAttribute(node, 'auto_pad', 'NOTSET')
  return sizes.map((size, axis) => {
    const stride = intsAttribute(node, 'strides')?.[axis] ?? 1
    const dilation = intsAttribute(node, 'dilations')?.[axis] ?? 1
    const extra = intsAttribute(node, 'output_padding')?.[axis] ?? 0
    const full = stride * (size - 1) + extra + (kernel[axis] - 1) * dilation + 1
    const isSame = mode === 'SAME_UPPER' || mode === 'SAME_LOWER'
    const target = wanted?.[axis] ?? (isSame ? size * stride : undefined)
    const ownPads = mode === 'VALID' ? [0, 0] : [pads[axis], pads[axis + rank]]
    const total = target === undefined ? ownPads[0] + ownPads[1] : full - target
    const padBefore =
      target === undefined ? ownPads[0] : mode === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2)
    const output = full - total
    if (total < 0 || output < 1 || stride < 1 || dilation < 1)
      throw badShape(node, 'its padding does not fit its output')
    return { size, kernel: kernel[axis], stride, dilation, padBefore, output }
  })
}

/** For each position of the spread-out axis the input's index, -1 for a zero. */
function sourcesOf({ size, kernel, stride, dilation, padBefore, output }: Axis): number[] {
  const reach = (kernel - 1) * dilation
  return Array.from({ length: output + reach }, (_, at) => {
    const place = at - (reach - padBefore)
    const index = place / stride
    return place >= 0 && Number.isInteger(index) && index < size ? index : -1
  })
}

/** [channels][outputs per group][taps] to [outputs][channels per group][taps in reverse]. */
function turned(weights: Float32Array, channels: number, perGroup: number, groups: number): Float32Array {
  const inputs = channels / groups
  const taps = weights.length / (channels * perGroup)
  const result = new Float32Array(weights.length)
  for (let channel = 0; channel < channels; channel++) {
    const group = Math.floor(channel / inputs)
    for (let out = 0; out < perGroup; out++) {
      const from = (channel * perGroup + out) * taps
      const to = ((group * perGroup + out) * inputs + (channel % inputs)) * taps
      for (let tap = 0; tap < taps; tap++) result[to + taps - 1 - tap] = weights[from + tap]
    }
  }
  return result
}
