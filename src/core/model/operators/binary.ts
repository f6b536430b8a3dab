import type { OnnxNode, OnnxTensor } from '../onnx/onnx'
import {
  append,
  badShape,
  bind,
  constantAt,
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
import { sizeOf, type BinaryFunction, type Shape } from '../graph'
import { axisMapOf, viewBy } from '../axes'
import { broadcastDims } from '../constants/indexing'
import { constantOf, numbersOf } from '../constants/numbers'
import { call } from '../tableFunction'
import { bindAffine, broadcastView, constantValue } from './affine'
import { addTable } from './unary'

/** Two computed values, or a value and a constant, element by element with ONNX broadcasting. */
export const readAdd: OperatorReader = (state, node) => readJoin(state, node, 'add')
/** The same of a difference. */
export const readSub: OperatorReader = (state, node) => readJoin(state, node, 'sub')
/** The same of a product. */
export const readMul: OperatorReader = (state, node) => readJoin(state, node, 'mul')

function readJoin(state: ImportState, node: OnnxNode, join: BinaryFunction): void {
  const [first, second] = [constantAt(state, node, 0), constantAt(state, node, 1)]
  if (first === undefined && second === undefined) {
    return bind(state, node, joinValues(state, node, join, valueAt(state, node, 0), valueAt(state, node, 1)))
  }
  const value = valueAt(state, node, first === undefined ? 0 : 1)
  const constant = join === 'add' ? withoutInfinity(state, node, first ?? second!) : (first ?? second!)
  if (join === 'mul') return bindAffine(state, node, value, { scale: constant, shift: null })
  if (join === 'add' && numbersOf(constant).every((x) => x === 0)) {
    const dims = broadcastDims(value.dims, constant.dims)
    if (dims?.join() === value.dims.join()) return bind(state, node, value)
    if (dims !== null) return bind(state, node, broadcastView(value, dims, node.name))
  }
  if (join === 'add') return bindAffine(state, node, value, { scale: null, shift: constant })
  if (first === undefined)
    return bindAffine(state, node, value, { scale: null, shift: mapped(constant, (x) => -x) })
  bindAffine(state, node, value, { scale: constantOf('float32', [], [-1]), shift: constant })
}

/** Scores that are masked by minus infinity get the lowest number instead: behind the softmax nothing is left of them either way. */
function withoutInfinity(state: ImportState, node: OnnxNode, tensor: OnnxTensor): OnnxTensor {
  const isMask = state.scores.has(node.outputs[0]) && numbersOf(tensor).includes(-Infinity)
  return isMask ? mapped(tensor, (x) => Math.max(x, maskedScore)) : tensor
}

/** What stands for minus infinity among scores of a softmax: about the lowest float32. */
export const maskedScore = -3.4e38

/** a / b: by a constant a factor, else times the reciprocal. */
export const readDiv: OperatorReader = (state, node) => {
  const [first, second] = [constantAt(state, node, 0), constantAt(state, node, 1)]
  if (second !== undefined) {
    return bindAffine(state, node, valueAt(state, node, 0), {
      scale: mapped(second, (x) => 1 / x),
      shift: null
    })
  }
  const inverse = addTable(state, node, valueAt(state, node, 1), call('reciprocal'))
  if (first === undefined)
    return bind(state, node, joinValues(state, node, 'mul', valueAt(state, node, 0), inverse))
  bindAffine(state, node, inverse, { scale: first, shift: null })
}

/** Sum and Mean of any number of values. */
export const readSum: OperatorReader = (state, node) => {
  const values = node.inputs.map((_, position) => {
    const constant = constantAt(state, node, position)
    return constant === undefined ? valueAt(state, node, position) : constantValue(state, node, constant)
  })
  const sum = values.slice(1).reduce((a, b) => joinValues(state, node, 'add', a, b), values[0])
  if (node.opType === 'Sum') return bind(state, node, sum)
  bindAffine(state, node, sum, { scale: constantOf('float32', [], [1 / values.length]), shift: null })
}

/** Two computed values joined; in the layout they share where they share one. */
export function joinValues(
  state: ImportState,
  node: OnnxNode,
  join: BinaryFunction,
  a: Value,
  b: Value
): Value {
  const dims = broadcastDims(a.dims, b.dims)
  if (dims === null) throw badShape(node, `[${a.dims}] and [${b.dims}] cannot be broadcast together`)
  if (a.dims.join() === b.dims.join() && isSameView(state, a, b)) {
    const index = emit(state, node, join, [a.node, b.node], shapeOf(state, a.node))
    return { node: index, dims, map: a.map, fill: 0 }
  }
  return inSharedLayout(state, node, join, a, b, dims) ?? inPlainOrder(state, node, join, a, b, dims)
}

function isSameView(state: ImportState, a: Value, b: Value): boolean {
  if (shapeOf(state, a.node).join() !== shapeOf(state, b.node).join()) return false
  if (!isWhole(state, a) || !isWhole(state, b)) return false
  if (a.map === null || b.map === null) return isCounting(a.map) && isCounting(b.map)
  const other = b.map
  return a.map.every((entry, at) => entry === other[at])
}

const isCounting = (map: Int32Array | null): boolean => map === null || map.every((entry, at) => entry === at)

/** A gate per channel and the like: both are permutations of axes of nodes whose shapes broadcast the same way. */
function inSharedLayout(
  state: ImportState,
  node: OnnxNode,
  join: BinaryFunction,
  a: Value,
  b: Value,
  dims: readonly number[]
): Value | null {
  if (a.dims.length !== b.dims.length) return null
  const [shapeA, shapeB] = [shapeOf(state, a.node), shapeOf(state, b.node)]
  const [axesA, axesB] = [axisMapOf(state, a), axisMapOf(state, b)]
  const rank = shapeA.length
  if (axesA === null || axesB === null || shapeB.length !== rank || rank < 2) return null
  const shape: number[] = []
  const used = dims.map((size, axis) => {
    if (size === 1) return -1
    const own = a.dims[axis] === 1 ? axesB[axis] : axesA[axis]
    if (a.dims[axis] !== 1 && b.dims[axis] !== 1 && axesA[axis] !== axesB[axis]) return -2
    return own
  })
  for (let at = 0; at < rank; at++) {
    const axis = used.indexOf(at)
    shape.push(axis < 0 ? 1 : dims[axis])
    const fits = (own: Shape, sizes: readonly number[]): boolean =>
      axis < 0 ? own[at] === 1 : own[at] === sizes[axis]
    if (!fits(shapeA, a.dims) || !fits(shapeB, b.dims)) return null
  }
  if (used.includes(-2) || sizeOf(shape) !== sizeOf(dims)) return null
  return viewBy(emit(state, node, join, [a.node, b.node], shape), shape, dims, used)
}

function inPlainOrder(
  state: ImportState,
  node: OnnxNode,
  join: BinaryFunction,
  a: Value,
  b: Value,
  dims: readonly number[]
): Value {
  const full = innerShape(dims)
  const shapeFor = (value: Value): Shape => {
    const ranked = [...dims.map(() => 1).slice(value.dims.length), ...value.dims]
    return ranked.slice(dims.length - full.length)
  }
  const inputs = [a, b].map((value) => laidOut(state, node, value, shapeFor(value)))
  return plainValue(emit(state, node, join, inputs, full), dims)
}

function emit(
  state: ImportState,
  node: OnnxNode,
  join: BinaryFunction,
  inputs: readonly number[],
  outputShape: Shape
): number {
  const isPlainAdd =
    join === 'add' && inputs.every((input) => shapeOf(state, input).join() === outputShape.join())
  if (isPlainAdd) return append(state, { op: 'add', name: node.name, inputs, outputShape, relu: false })
  return append(state, { op: 'binary', name: node.name, function: join, inputs, outputShape })
}

function mapped(tensor: OnnxTensor, f: (x: number) => number): OnnxTensor {
  return { ...constantOf('float32', tensor.dims, numbersOf(tensor).map(f)), name: tensor.name }
}
