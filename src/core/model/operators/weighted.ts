import { floatAttribute, intAttribute, type OnnxNode, type OnnxTensor } from '../onnx'
import {
  append,
  badShape,
  constantAt,
  floatsOf,
  shapeOf,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState
} from '../importState'
import { readWindow } from './window'

/** Conv with group 1, or depthwise with one filter per channel. */
export function readConv(state: ImportState, node: OnnxNode): void {
  const input = valueAt(state, node, 0)
  const inputShape = shapeOf(state, input)
  const kernel = weightsAt(state, node, 1)
  if (kernel.dims.length !== 4) throw badShape(node, 'only two-dimensional convolutions are supported')
  const [outputs, perGroup, height, width] = kernel.dims as [number, number, number, number]
  const groups = intAttribute(node, 'group', 1)
  const channels = inputShape[0]!
  if (perGroup * groups !== channels) {
    throw badShape(node, `its weights expect ${perGroup * groups} channels, the image has ${channels}`)
  }
  const isDepthwise = groups > 1
  if (isDepthwise && (groups !== channels || outputs !== channels)) {
    throw unsupported(
      node,
      `group ${groups} with ${channels} channels in and ${outputs} out is not supported`
    )
  }
  const { window, height: outHeight, width: outWidth } = readWindow(node, inputShape, [height, width])
  append(state, node, {
    op: isDepthwise ? 'depthwiseConv2d' : 'conv2d',
    name: node.name,
    inputs: [input],
    outputShape: [outputs, outHeight, outWidth],
    ...window,
    weights: floatsOf(node, kernel),
    bias: readBias(node, constantAt(state, node, 2), node.inputs[2], outputs, 1),
    relu: false
  })
}

/** y = alpha * x * W + beta * c. */
export function readGemm(state: ImportState, node: OnnxNode): void {
  if (intAttribute(node, 'transA', 0) !== 0) throw unsupported(node, 'transA is not supported')
  const input = valueAt(state, node, 0)
  const matrix = weightsAt(state, node, 1)
  const isTransposed = intAttribute(node, 'transB', 0) !== 0
  const { weights, outputs } = readMatrix(state, node, input, matrix, isTransposed)
  const alpha = floatAttribute(node, 'alpha', 1)
  append(state, node, {
    op: 'dense',
    name: node.name,
    inputs: [input],
    outputShape: [outputs],
    weights: alpha === 1 ? weights : weights.map((value) => value * alpha),
    bias: readBias(
      node,
      constantAt(state, node, 2),
      node.inputs[2],
      outputs,
      floatAttribute(node, 'beta', 1)
    ),
    relu: false
  })
}

/** A vector times a constant matrix. */
export function readMatMul(state: ImportState, node: OnnxNode): void {
  const input = valueAt(state, node, 0)
  const { weights, outputs } = readMatrix(state, node, input, weightsAt(state, node, 1), false)
  append(state, node, {
    op: 'dense',
    name: node.name,
    inputs: [input],
    outputShape: [outputs],
    weights,
    bias: new Float32Array(outputs),
    relu: false
  })
}

/** The matrix as [out][in]. */
function readMatrix(
  state: ImportState,
  node: OnnxNode,
  input: number,
  matrix: OnnxTensor,
  isTransposed: boolean
): { weights: Float32Array; outputs: number } {
  const shape = shapeOf(state, input)
  if (shape.length !== 1 || matrix.dims.length !== 2) {
    throw badShape(node, 'only a vector times a two-dimensional matrix is supported; flatten the image first')
  }
  const [outputs, inner] = (isTransposed ? matrix.dims : [matrix.dims[1], matrix.dims[0]]) as [number, number]
  if (inner !== shape[0])
    throw badShape(node, `its matrix expects ${inner} inputs, the vector has ${shape[0]}`)
  const values = floatsOf(node, matrix)
  if (isTransposed) return { weights: values, outputs }
  const weights = new Float32Array(values.length)
  for (let row = 0; row < inner; row++) {
    for (let column = 0; column < outputs; column++)
      weights[column * inner + row] = values[row * outputs + column]!
  }
  return { weights, outputs }
}

function readBias(
  node: OnnxNode,
  tensor: OnnxTensor | undefined,
  name: string | undefined,
  outputs: number,
  factor: number
): Float32Array {
  if (tensor === undefined) {
    if (name !== undefined && name !== '') throw unsupported(node, 'its bias must be a constant')
    return new Float32Array(outputs)
  }
  const values = floatsOf(node, tensor)
  if (values.length !== outputs && values.length !== 1) {
    throw badShape(node, `its bias has ${values.length} entries for ${outputs} outputs`)
  }
  return Float32Array.from(
    { length: outputs },
    (_, index) => values[values.length === 1 ? 0 : index]! * factor
  )
}
