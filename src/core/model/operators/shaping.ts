import { int, intAttribute, ints, textAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import {
  append,
  bind,
  constantAt,
  dimsAt,
  laidOut,
  innerShape,
  plainValue,
  unsupported,
  valueAt,
  type ImportState,
  type OperatorReader,
  type Value
} from '../onnx/importState'
import { sizeOf } from '../graph'
import { constantOf, gathered } from '../constants/numbers'
import { axisOf } from './arguments'
import { createMacro, type Macro } from './macro'
import type { Move, MovePlan } from './moves'

/** Reads an operator that only puts elements elsewhere, of constants and of computed values. */
export function readMove(plan: MovePlan): OperatorReader {
  return (state, node) => {
    const constant = constantAt(state, node, 0)
    if (constant !== undefined) {
      // The first axis of a known tensor holds no items; Expand may repeat it for each of them.
      const known = node.opType === 'Expand' ? state : { ...state, batch: 1 }
      for (const [at, { dims, map }] of plan(known, node, constant.dims).entries()) {
        const moved = map === null ? { ...constant, dims } : gathered(constant, dims, map)
        state.constants.set(node.outputs[at], moved)
      }
      return
    }
    const value = valueAt(state, node, 0)
    for (const [at, move] of plan(state, node, value.dims).entries()) {
      if ((node.outputs[at] ?? '') !== '') bind(state, node, moved(value, move, node.name), at)
    }
  }
}

/** The value seen through one more move. */
export function moved(value: Value, { dims, map }: Move, viewName: string): Value {
  if (map === null && dims.join() === value.dims.join()) return { ...value, viewName }
  const own = value.map
  const through = map === null ? own : own === null ? map : map.map((at) => (at < 0 ? -1 : own[at]))
  return { node: value.node, dims, map: through, fill: value.fill, viewName }
}

/**
 * Softmax, LogSoftmax and ArgMax keep the winner, so at the end of the network they are left out of the graph; who prints
 * outputs applies them.
 */
export const endingReader =
  (read: OperatorReader): OperatorReader =>
  (state, node) =>
    readEnding(state, node, read)

function readEnding(state: ImportState, node: OnnxNode, read: OperatorReader): void {
  const value = valueAt(state, node, 0)
  const output = node.outputs[0]
  const isArgMax = node.opType === 'ArgMax'
  const axis = axisOf(
    node,
    intAttribute(node, 'axis', isArgMax ? 0 : state.opset < 13 ? 1 : -1),
    value.dims.length
  )
  if (!state.endings.has(output)) {
    if (!isArgMax) return readSoftmax(state, node, axis, read)
    throw unsupported(node, 'it is only supported at the end of the network')
  }
  const isOneAxis = isArgMax || state.opset >= 13 || value.dims.slice(axis + 1).every((size) => size === 1)
  if (!isOneAxis) return readSoftmax(state, node, axis, read)
  const keepAxis = !isArgMax || intAttribute(node, 'keepdims', 1) !== 0
  state.left.set(output, {
    kind: node.opType === 'Softmax' ? 'softmax' : isArgMax ? 'argMax' : 'logSoftmax',
    axis,
    keepAxis,
    ...(isArgMax && intAttribute(node, 'select_last_index', 0) !== 0 ? { takesLast: true } : {})
  })
  bind(state, node, value)
}

/** Over one axis; before opset 13 over all from this one on, taken together. */
function readSoftmax(state: ImportState, node: OnnxNode, axis: number, read: OperatorReader): void {
  const value = valueAt(state, node, 0)
  const joins = state.opset < 13 && value.dims.slice(axis + 1).some((size) => size !== 1)
  const dims = joins ? [...value.dims.slice(0, axis), sizeOf(value.dims.slice(axis))] : value.dims
  if (node.opType === 'LogSoftmax')
    return readLogSoftmax(node, createMacro(state, node, read), dims, axis, value.dims)
  const shape = dims.length === 1 || axis === 0 ? dims : innerShape(dims)
  const own = axis - (dims.length - shape.length)
  const inputs = [laidOut(state, node, moved(value, { dims, map: null }, node.name), shape)]
  const index = append(state, { op: 'softmax', name: node.name, inputs, outputShape: shape, axis: own })
  bind(state, node, plainValue(index, value.dims))
}

/** x - log(sum(exp(x))) behind the greatest x is taken off: shares of a softmax may be too small for a logarithm. */
function readLogSoftmax(
  node: OnnxNode,
  macro: Macro,
  dims: readonly number[],
  axis: number,
  result: readonly number[]
): void {
  const along = { axes: ints([axis]), keepdims: int(1) }
  const rows = macro.add('Reshape', [node.inputs[0], macro.shape(dims)])
  const distance = macro.add('Sub', [rows, macro.add('ReduceMax', [rows], along)])
  const sum = macro.add('ReduceSum', [macro.add('Exp', [distance])], along)
  const logarithm = macro.add('Sub', [distance, macro.add('Log', [sum])])
  macro.bind(macro.add('Reshape', [logarithm, macro.shape(result)]))
}

/** A tensor written into the graph as a node. */
export function readConstant(state: ImportState, node: OnnxNode): void {
  const output = node.outputs[0]
  for (const name of ['value', 'value_float', 'value_int', 'value_floats', 'value_ints']) {
    const attribute = node.attributes[name]
    if (attribute === undefined) continue
    state.constants.set(output, constantFrom(node, output, attribute))
    return
  }
  throw unsupported(
    node,
    `a constant of this kind (${textAttribute(node, 'value_string', 'sparse')}) is not supported`
  )
}

function constantFrom(node: OnnxNode, name: string, attribute: OnnxNode['attributes'][string]): OnnxTensor {
  switch (attribute.kind) {
    case 'tensor':
      return { ...attribute.value, name }
    case 'float':
      return { name, dims: [], data: Float32Array.of(attribute.value) }
    case 'floats':
      return { name, dims: [attribute.value.length], data: Float32Array.from(attribute.value) }
    case 'int':
      return { ...constantOf('int64', [], [attribute.value]), name }
    case 'ints':
      return { ...constantOf('int64', [attribute.value.length], attribute.value), name }
    default:
      throw unsupported(node, 'a constant of this kind is not supported')
  }
}

/** Sizes of a tensor; they are constants because the batch is 1 here. */
export function readShape(state: ImportState, node: OnnxNode): void {
  const dims = dimsAt(state, node, 0)
  const at = (name: string, fallback: number): number => {
    const index = intAttribute(node, name, fallback)
    return index < 0 ? index + dims.length : index
  }
  const sizes = dims.slice(at('start', 0), at('end', dims.length))
  state.constants.set(node.outputs[0], constantOf('int64', [sizes.length], sizes))
}

/** Reads Size as a constant; shapes are known at import. */
export function readSize(state: ImportState, node: OnnxNode): void {
  const dims = dimsAt(state, node, 0)
  state.constants.set(
    node.outputs[0],
    constantOf('int64', [], [dims.reduce((product, size) => product * size, 1)])
  )
}
