import { intAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import {
  append,
  badShape,
  bind,
  constantAt,
  floatsOf,
  innerShape,
  isWhole,
  laidOut,
  plainValue,
  shapeOf,
  valueAt,
  type ImportState,
  type OperatorReader,
  type Value
} from '../onnx/importState'
import { sizeOf } from '../graph'
import { axisMapOf, viewBy } from '../axes'
import { dataOf, numbersOf, typeOf } from '../constants/numbers'
import { axisOf } from './arguments'

/** Tensors joined along an axis; constants among computed values become constant nodes. */
export const readConcat: OperatorReader = (state, node) => {
  const tensors = node.inputs.map((_, position) => constantAt(state, node, position))
  if (tensors.every((tensor) => tensor !== undefined)) {
    state.constants.set(node.outputs[0], joinedConstants(node, tensors))
    return
  }
  const parts = tensors.map((tensor, position) =>
    tensor === undefined ? valueAt(state, node, position) : constantValue(state, node, tensor)
  )
  const [first] = parts
  const axis = axisOf(node, intAttribute(node, 'axis', 0), first.dims.length)
  const dims = joinedDims(
    node,
    parts.map((part) => part.dims),
    axis
  )
  if (parts.length === 1) return bind(state, node, first)
  bind(
    state,
    node,
    inSharedLayout(state, node, parts, dims, axis) ?? inPlainOrder(state, node, parts, dims, axis)
  )
}

function joinedDims(node: OnnxNode, parts: readonly (readonly number[])[], axis: number): number[] {
  const [first] = parts
  for (const dims of parts) {
    if (dims.length !== first.length || dims.some((size, at) => at !== axis && size !== first[at]))
      throw badShape(
        node,
        `[${first.join(', ')}] and [${dims.join(', ')}] cannot be joined along axis ${axis}`
      )
  }
  return first.map((size, at) => (at === axis ? parts.reduce((sum, dims) => sum + dims[axis], 0) : size))
}

function joinedConstants(node: OnnxNode, tensors: readonly OnnxTensor[]): OnnxTensor {
  const rank = tensors[0].dims.length
  const axis = axisOf(node, intAttribute(node, 'axis', 0), rank)
  const dims = joinedDims(
    node,
    tensors.map((tensor) => tensor.dims),
    axis
  )
  const outer = sizeOf(dims.slice(0, axis))
  const values = new Float64Array(sizeOf(dims))
  const row = values.length / outer
  let offset = 0
  for (const tensor of tensors) {
    const own = numbersOf(tensor)
    const length = own.length / outer
    for (let at = 0; at < outer; at++)
      values.set(own.subarray(at * length, (at + 1) * length), at * row + offset)
    offset += length
  }
  return { name: '', dims, data: dataOf(typeOf(tensors[0].data), values) }
}

function constantValue(state: ImportState, node: OnnxNode, tensor: OnnxTensor): Value {
  const index = append(state, {
    op: 'constant',
    name: `${node.name}.constant`,
    inputs: [],
    outputShape: innerShape(tensor.dims),
    values: floatsOf(node, tensor)
  })
  return plainValue(index, tensor.dims)
}

/** All parts are the same permutation of their nodes' axes: joined as they lie. */
function inSharedLayout(
  state: ImportState,
  node: OnnxNode,
  parts: readonly Value[],
  dims: readonly number[],
  axis: number
): Value | null {
  if (!parts.every((part) => isWhole(state, part))) return null
  const maps = parts.map((part) => axisMapOf(state, part))
  // Sizes of 1 leave the map open; a part that has none decides for all.
  const chosen = maps.find((map, at) => map !== null && parts[at].dims[axis] !== 1) ?? maps[0]
  const own = chosen?.[axis] ?? -1
  if (chosen === null || chosen === undefined || own < 0) return null
  const shapes = parts.map((part) => shapeOf(state, part.node))
  const rank = shapes[0].length
  for (const [at, part] of parts.entries()) {
    const shape = shapes[at]
    if (shape.length !== rank || shape[own] !== part.dims[axis]) return null
    if (shape.some((size, index) => index !== own && size !== shapes[0][index])) return null
    const map = maps[at]
    if (map === null || map === undefined) return null
    if (part.dims.some((size, index) => size !== 1 && map[index] !== chosen[index])) return null
  }
  const outputShape = shapes[0].map((size, index) => (index === own ? dims[axis] : size))
  const inputs = parts.map((part) => part.node)
  const index = append(state, { op: 'concat', name: node.name, inputs, outputShape, axis: own })
  return viewBy(index, outputShape, dims, chosen)
}

function inPlainOrder(
  state: ImportState,
  node: OnnxNode,
  parts: readonly Value[],
  dims: readonly number[],
  axis: number
): Value {
  const outputShape = innerShape(dims)
  const inputs = parts.map((part) =>
    laidOut(state, node, part, part.dims.slice(dims.length - outputShape.length))
  )
  const own = axis - (dims.length - outputShape.length)
  return plainValue(append(state, { op: 'concat', name: node.name, inputs, outputShape, axis: own }), dims)
}
