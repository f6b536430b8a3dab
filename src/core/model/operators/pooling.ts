import { intAttribute, intsAttribute, textAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import { append, bind, unsupported, valueAt, type OperatorReader } from '../onnx/importState'
import type { WindowAttributes } from '../graph'
import { constantOf } from '../constants/numbers'
import { bindAffine } from './affine'
import { absorbedPadding } from './convolution'
import { imageInput, imageValue } from './images'
import { spreadWindows } from './spread'
import { readWindow } from './window'

/** The largest value of every window. */
export const readMaxPool: OperatorReader = (state, node) => {
  const image = imageInput(state, node, valueAt(state, node, 0), true)
  checkStrides(node, image.size, kernelOf(node))
  const { window, height, width } = readWindow(node, image.size, kernelOf(node), image.rank)
  const outputShape = [image.channels, height, width]
  const isSpread = window.dilation !== undefined
  const index = append(state, {
    op: 'maxPool',
    name: node.name,
    inputs: [isSpread ? spreadWindows(state, node, image, window, 'nearest') : image.node],
    outputShape,
    ...(isSpread ? sideBySide(window) : window)
  })
  bind(state, node, imageValue(state, index, image.rank, image.order))
}

/** A Pad with zeros in front is counted like padding of its own. */
export const readAveragePool: OperatorReader = (state, node) => {
  const value = valueAt(state, node, 0)
  const padding = absorbedPadding(value)
  const hasOwnPads =
    (intsAttribute(node, 'pads') ?? []).some((side) => side !== 0) || 'auto_pad' in node.attributes
  const absorbs = padding !== null && (!hasOwnPads || intAttribute(node, 'count_include_pad', 0) !== 0)
  const image = imageInput(state, node, absorbs ? padding.of : value, true)
  const pads = absorbs ? padding.pads : [0, 0, 0, 0]
  const size = [image.size[0] + pads[0] + pads[2], image.size[1] + pads[1] + pads[3]] as const
  checkStrides(node, size, kernelOf(node))
  const { window, height, width, overhang } = readWindow(node, size, kernelOf(node), image.rank)
  const countIncludePad = absorbs || intAttribute(node, 'count_include_pad', 0) !== 0
  const hangsOver = overhang.some((side) => side > 0)
  const pad = window.pad.map((side, at) => side + pads[at]) as unknown as WindowAttributes['pad']
  const outputShape = [image.channels, height, width]
  const isSpread = window.dilation !== undefined
  // What hangs over the padding is never counted, so such windows are averaged with zeros and then scaled.
  const isUneven = countIncludePad ? hangsOver : isSpread && pad.some((side) => side > 0)
  const index = append(state, {
    op: 'avgPool',
    name: node.name,
    inputs: [isSpread ? spreadWindows(state, node, image, { ...window, pad }, 'zero') : image.node],
    outputShape,
    ...(isSpread ? sideBySide(window) : { ...window, pad }),
    countIncludePad: countIncludePad || isSpread
  })
  const result = imageValue(state, index, image.rank, image.order)
  if (!isUneven) return bind(state, node, result)
  const counted = countIncludePad
    ? pad.map((side, at) => side - (at < 2 ? 0 : overhang[at - 2]))
    : [0, 0, 0, 0]
  bindAffine(state, node, result, {
    scale: evenedOut({ ...window, pad }, image.size, counted, [height, width], image.rank),
    shift: null
  })
}

/** Taps of a window by those of them that are counted: within the image and `counted` rows and columns around it. */
function evenedOut(
  { kernel, stride, pad, dilation = [1, 1] }: WindowAttributes,
  size: readonly [number, number],
  counted: readonly number[],
  output: readonly [number, number],
  rank: number
): OnnxTensor {
  const [rows, columns] = ([0, 1] as const).map((axis) =>
    Array.from({ length: output[axis] }, (_, at) => {
      const places = Array.from(
        { length: kernel[axis] },
        (_tap, tap) => at * stride[axis] - pad[axis] + tap * dilation[axis]
      )
      return places.filter((place) => place >= -counted[axis] && place < size[axis] + counted[axis + 2])
        .length
    })
  ) as [number[], number[]]
  const taps = kernel[0] * kernel[1]
  const factors = rows.flatMap((row) => columns.map((column) => taps / Math.max(1, row * column)))
  return constantOf('float32', rank === 1 ? [columns.length] : [rows.length, columns.length], factors)
}

/** The window over windows that were laid out side by side. */
function sideBySide({ kernel }: WindowAttributes): WindowAttributes {
  return { kernel, stride: kernel, pad: [0, 0, 0, 0] }
}

/** The pool whose window is the whole image. */
export const readGlobalPool: OperatorReader = (state, node) => {
  const image = imageInput(state, node, valueAt(state, node, 0), true)
  const window = { kernel: image.size, stride: [1, 1], pad: [0, 0, 0, 0] } as const
  const common = { name: node.name, inputs: [image.node], outputShape: [image.channels, 1, 1], ...window }
  const index = append(
    state,
    node.opType === 'GlobalMaxPool'
      ? { op: 'maxPool', ...common }
      : { op: 'avgPool', ...common, countIncludePad: false }
  )
  bind(state, node, imageValue(state, index, image.rank, image.order))
}

/**
 * Pools of 'SAME' of which onnxruntime makes something else than ONNX says: where strides go beyond the window it takes negative
 * padding from the image, and dilations it leaves out.
 */
function checkStrides(node: OnnxNode, size: readonly number[], kernel: readonly number[]): void {
  const strides = intsAttribute(node, 'strides') ?? []
  if (!textAttribute(node, 'auto_pad', '').startsWith('SAME')) return
  const isCut = kernel.some((taps, axis) => {
    const [own, stride] = [size[size.length - kernel.length + axis], strides[axis] ?? 1]
    return (Math.ceil(own / stride) - 1) * stride + taps - own < -1
  })
  const isDilated = (intsAttribute(node, 'dilations') ?? []).some((step) => step !== 1)
  if (isCut || isDilated)
    throw unsupported(
      node,
      `auto_pad 'SAME' with ${isCut ? 'strides beyond the window' : 'dilations'} is not supported`,
      'Export the pool with its pads.'
    )
}

function kernelOf(node: OnnxNode): readonly number[] {
  const kernel = intsAttribute(node, 'kernel_shape')
  if (kernel === undefined) throw unsupported(node, 'its kernel_shape is missing')
  return kernel
}
