import { intAttribute, intsAttribute, type OnnxNode } from '../onnx/onnx'
import { append, bind, unsupported, valueAt, type OperatorReader } from '../onnx/importState'
import type { WindowAttributes } from '../graph'
import { absorbedPadding } from './convolution'
import { imageInput, imageValue } from './images'
import { spreadWindows } from './spread'
import { readWindow } from './window'

export const readMaxPool: OperatorReader = (state, node) => {
  if ((node.outputs[1] ?? '') !== '') throw unsupported(node, 'its index output is not supported')
  const image = imageInput(state, node, valueAt(state, node, 0), true)
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
  const { window, height, width, overhang } = readWindow(node, size, kernelOf(node), image.rank)
  const countIncludePad = absorbs || intAttribute(node, 'count_include_pad', 0) !== 0
  const hangsOver = overhang.some((side) => side > 0)
  if (countIncludePad && hangsOver)
    throw unsupported(
      node,
      'ceil_mode over the edge together with counted padding is not supported',
      'Set ceil_mode=False or count_include_pad=False on this pool.'
    )
  const pad = window.pad.map((side, at) => side + pads[at]) as unknown as WindowAttributes['pad']
  const outputShape = [image.channels, height, width]
  const isSpread = window.dilation !== undefined
  if (isSpread && !countIncludePad && pad.some((side) => side > 0))
    throw unsupported(
      node,
      'dilations together with padding that is not counted are not supported',
      'Set count_include_pad=True or pad in front of this pool.'
    )
  const index = append(state, {
    op: 'avgPool',
    name: node.name,
    inputs: [isSpread ? spreadWindows(state, node, image, { ...window, pad }, 'zero') : image.node],
    outputShape,
    ...(isSpread ? sideBySide(window) : { ...window, pad }),
    countIncludePad
  })
  bind(state, node, imageValue(state, index, image.rank, image.order))
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

function kernelOf(node: OnnxNode): readonly number[] {
  const kernel = intsAttribute(node, 'kernel_shape')
  if (kernel === undefined) throw unsupported(node, 'its kernel_shape is missing')
  return kernel
}
