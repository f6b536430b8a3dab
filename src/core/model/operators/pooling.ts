import { intAttribute, intsAttribute, type OnnxNode } from '../onnx'
import { append, badShape, shapeOf, unsupported, valueAt, type ImportState } from '../importState'
import { readWindow } from './window'

export function readMaxPool(state: ImportState, node: OnnxNode): void {
  if (node.outputs.length > 1 && node.outputs[1] !== '')
    throw unsupported(node, 'its index output is not supported')
  const input = valueAt(state, node, 0)
  const shape = shapeOf(state, input)
  const { window, height, width } = readWindow(node, shape, intsAttribute(node, 'kernel_shape') ?? [])
  append(state, node, {
    op: 'maxPool',
    name: node.name,
    inputs: [input],
    outputShape: [shape[0]!, height, width],
    ...window
  })
}

export function readAveragePool(state: ImportState, node: OnnxNode): void {
  const input = valueAt(state, node, 0)
  const shape = shapeOf(state, input)
  const { window, height, width } = readWindow(node, shape, intsAttribute(node, 'kernel_shape') ?? [])
  append(state, node, {
    op: 'avgPool',
    name: node.name,
    inputs: [input],
    outputShape: [shape[0]!, height, width],
    ...window,
    countIncludePad: intAttribute(node, 'count_include_pad', 0) !== 0
  })
}

export function readGlobalAveragePool(state: ImportState, node: OnnxNode): void {
  const input = valueAt(state, node, 0)
  const shape = shapeOf(state, input)
  if (shape.length !== 3) throw badShape(node, 'its input is not an image')
  append(state, node, {
    op: 'avgPool',
    name: node.name,
    inputs: [input],
    outputShape: [shape[0]!, 1, 1],
    kernel: [shape[1]!, shape[2]!],
    stride: [1, 1],
    pad: [0, 0, 0, 0],
    countIncludePad: false
  })
}
