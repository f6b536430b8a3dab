import { intAttribute, type OnnxNode } from '../onnx/onnx'
import {
  append,
  bind,
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
import type { ReduceFunction, Shape } from '../graph'
import { axisMapOf, viewBy } from '../axes'
import { reductionLoops } from '../storage'
import { axesArgument } from './arguments'
import { moved } from './shaping'

const functions: Readonly<Record<string, ReduceFunction>> = {
  ReduceMean: 'mean',
  ReduceSum: 'sum',
  ReduceMax: 'max'
}

/** ReduceMean, ReduceSum, ReduceMax over any axes but the batch; the mean over height and width is an average pool. */
export const readReduce: OperatorReader = (state, node) => {
  const value = valueAt(state, node, 0)
  const rank = value.dims.length
  const given = axesArgument(state, node, 1, rank)
  const keepsAll = (given ?? []).length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) !== 0
  if (keepsAll) return bind(state, node, value)
  const axes = (given ?? []).length === 0 ? value.dims.map((_, axis) => axis) : given!
  const reduced = reduce(state, node, value, axes)
  const keepsAxes = intAttribute(node, 'keepdims', 1) !== 0
  const dims = keepsAxes ? reduced.dims : reduced.dims.filter((_, axis) => !axes.includes(axis))
  bind(state, node, moved(reduced, { dims, map: null }, node.name))
}

/** The value with `axes` reduced to 1. */
function reduce(state: ImportState, node: OnnxNode, value: Value, axes: readonly number[]): Value {
  const kept = value.dims.map((size, axis) => (axes.includes(axis) ? 1 : size))
  const own = shapeOf(state, value.node)
  const map = isWhole(state, value) ? axisMapOf(state, value) : null
  if (map !== null) {
    const along = axes.map((axis) => map[axis]).filter((axis, at) => axis >= 0 && value.dims[axes[at]] !== 1)
    const { index, shape } = emit(state, node, value.node, own, along)
    return viewBy(index, shape, kept, map)
  }
  const shape = innerShape(value.dims)
  const offset = value.dims.length - shape.length
  const input = laidOut(state, node, value, shape)
  const along = axes.map((axis) => axis - offset).filter((axis) => axis >= 0 && shape[axis] !== 1)
  return plainValue(emit(state, node, input, shape, along).index, kept)
}

function emit(
  state: ImportState,
  node: OnnxNode,
  input: number,
  shape: Shape,
  along: readonly number[]
): { index: number; shape: Shape } {
  const reduceFunction = functions[node.opType]
  const axes = [...along].sort((a, b) => a - b)
  const outputShape = shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  if (reduceFunction !== 'sum' && shape.length === 3 && !axes.includes(0)) {
    const window = {
      kernel: [axes.includes(1) ? shape[1] : 1, axes.includes(2) ? shape[2] : 1],
      stride: [1, 1],
      pad: [0, 0, 0, 0]
    } as const
    const common = { name: node.name, inputs: [input], outputShape, ...window }
    const index = append(
      state,
      reduceFunction === 'max'
        ? { op: 'maxPool', ...common }
        : { op: 'avgPool', ...common, countIncludePad: false }
    )
    return { index, shape: outputShape }
  }
  // Axes that do not lie together in memory are reduced one after the other.
  if (reductionLoops(shape, axes) === null) {
    const first = emit(state, node, input, shape, axes.slice(0, 1))
    return emit(state, node, first.index, first.shape, axes.slice(1))
  }
  const index = append(state, {
    op: 'reduce',
    name: node.name,
    inputs: [input],
    outputShape,
    function: reduceFunction,
    axes
  })
  return { index, shape: outputShape }
}
