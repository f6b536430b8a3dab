import type { OnnxNode } from '../onnx/onnx'
import { sizeOf, type GraphNode, type Shape } from '../graph'
import {
  append,
  innerShape,
  isWhole,
  laidOut,
  plainValue,
  shapeOf,
  type ImportState,
  type Value
} from '../onnx/importState'
import { call, maxFloat, type TableFunction } from '../tableFunction'

/** Whether every element of the value is one of the node's, none is filled in, and there are not fewer of them. */
function isRepeated(state: ImportState, { node, map }: Value): boolean {
  return map !== null && map.length >= sizeOf(shapeOf(state, node)) && map.every((place) => place >= 0)
}

/** A function of every element: done on the node's own elements, the view stays what it was. */
export function elementwise(
  state: ImportState,
  node: OnnxNode,
  value: Value,
  make: (input: number, outputShape: Shape) => GraphNode
): Value {
  const source =
    isWhole(state, value) || isRepeated(state, value)
      ? value
      : plainValue(laidOut(state, node, value, innerShape(value.dims)), value.dims)
  const { dims, map, fill } = source
  return { node: append(state, make(source.node, shapeOf(state, source.node))), dims, map, fill }
}

/** Adds a function that the board looks up in a table, and returns its value. */
export function addTable(state: ImportState, node: OnnxNode, value: Value, f: TableFunction): Value {
  return elementwise(state, node, value, (input, outputShape) => ({
    op: 'table',
    name: node.name,
    inputs: [input],
    outputShape,
    function: f
  }))
}

/** Adds a ReLU and returns its value. */
export function reluOf(state: ImportState, node: OnnxNode, value: Value): Value {
  return elementwise(state, node, value, (input, outputShape) => ({
    op: 'relu',
    name: node.name,
    inputs: [input],
    outputShape
  }))
}

/** min(max(x, low), high); from 0 without an upper limit it is a ReLU. */
export function clipped(state: ImportState, node: OnnxNode, value: Value, low: number, high: number): Value {
  const top = Math.min(high, maxFloat)
  if (low === 0 && top >= maxFloat) return reluOf(state, node, value)
  return addTable(state, node, value, call('clip', Math.max(low, -maxFloat), top))
}
