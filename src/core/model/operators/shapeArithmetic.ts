import { intAttribute, intsAttribute, type OnnxNode, type OnnxTensor } from '../onnx'
import {
  constantAt,
  integersOf,
  shapeOf,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState
} from '../importState'

/**
 * The few integer operators with which exporters compute a Reshape target from the batch size (Shape, Gather,
 * Unsqueeze, Concat). The batch is 1 here, so all of them are constants.
 */
export function readShape(state: ImportState, node: OnnxNode): void {
  const sizes = [1, ...shapeOf(state, valueAt(state, node, 0))]
  setIntegers(state, node, sizes, [sizes.length])
}

export function readGather(state: ImportState, node: OnnxNode): void {
  const data = integerConstant(state, node, 0)
  const indices = weightsAt(state, node, 1)
  if (data.dims.length !== 1 || intAttribute(node, 'axis', 0) !== 0)
    throw unsupported(node, 'only a list of sizes can be gathered from')
  const values = integersOf(data)
  setIntegers(
    state,
    node,
    integersOf(indices).map((index) => values.at(index) ?? 0),
    indices.dims
  )
}

export function readUnsqueeze(state: ImportState, node: OnnxNode): void {
  const data = integerConstant(state, node, 0)
  const axes = intsAttribute(node, 'axes') ?? integersOf(weightsAt(state, node, 1))
  if (data.dims.length > 0 || axes.length !== 1)
    throw unsupported(node, 'only a single size can be unsqueezed')
  setIntegers(state, node, integersOf(data), [1])
}

export function readConcat(state: ImportState, node: OnnxNode): void {
  const values = node.inputs.flatMap((_, position) => integersOf(integerConstant(state, node, position)))
  setIntegers(state, node, values, [values.length])
}

function integerConstant(state: ImportState, node: OnnxNode, position: number): OnnxTensor {
  const tensor = constantAt(state, node, position)
  if (tensor === undefined || tensor.data instanceof Float32Array || tensor.data instanceof Float64Array) {
    throw unsupported(node, 'it is only supported on sizes that compute the target of a Reshape')
  }
  return tensor
}

function setIntegers(
  state: ImportState,
  node: OnnxNode,
  values: readonly number[],
  dims: readonly number[]
): void {
  const name = node.outputs[0]!
  state.constants.set(name, { name, dims, data: BigInt64Array.from(values, BigInt) })
}
