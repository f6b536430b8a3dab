import type { OnnxNode, OnnxTensor } from '../onnx/onnx'
import {
  append,
  badShape,
  bind,
  constantAt,
  dimsAt,
  floatsOf,
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
import { broadcastDims, stridedMap } from '../constants/indexing'
import { gathered } from '../constants/numbers'
import { moved } from './shaping'

/** Rows times a constant matrix, a constant matrix times columns, or two computed matrices. */
export const readMatMul: OperatorReader = (state, node) => {
  const [left, right] = [constantAt(state, node, 0), constantAt(state, node, 1)]
  const isVector = [0, 1].map((position) => dimsAt(state, node, position).length === 1)
  if (left !== undefined ? isVector.includes(true) : isVector[0] || (right === undefined && isVector[1]))
    return bindVectorProduct(state, node, isVector)
  if (right !== undefined && right.dims.length <= 2 && left === undefined) {
    const matrix = right.dims.length === 1 ? { ...right, dims: [right.dims[0], 1] } : right
    const result = timesMatrix(state, node, valueAt(state, node, 0), matrix, false, null)
    const dims = right.dims.length === 1 ? result.dims.slice(0, -1) : result.dims
    return bind(state, node, moved(result, { dims, map: null }, node.name))
  }
  if (left !== undefined && left.dims.length === 2 && valueAt(state, node, 1).dims.length >= 2) {
    // (A B)' = B' A': the transposes are views.
    const columns = turned(valueAt(state, node, 1), node.name)
    return bind(state, node, turned(timesMatrix(state, node, columns, left, true, null), node.name))
  }
  bindProduct(state, node)
}

/** A vector in front is a row, one behind a column; the axis that this adds is left out of the result. */
function bindVectorProduct(state: ImportState, node: OnnxNode, isVector: readonly boolean[]): void {
  const inputs = node.inputs.map((name, position) => {
    if (isVector[position] !== true) return name
    const [size] = dimsAt(state, node, position)
    const dims = position === 0 ? [1, size] : [size, 1]
    const own = `${node.name}.matrix${position}`
    const constant = constantAt(state, node, position)
    if (constant !== undefined) state.constants.set(own, { ...constant, dims })
    else state.values.set(own, moved(valueAt(state, node, position), { dims, map: null }, node.name))
    return own
  })
  readMatMul(state, { ...node, inputs })
  const result = valueAt(state, { ...node, inputs: node.outputs }, 0)
  const rank = result.dims.length
  const dims = result.dims.filter(
    (_, axis) => !(isVector[0] === true && axis === rank - 2) && !(isVector[1] === true && axis === rank - 1)
  )
  bind(state, node, moved(result, { dims, map: null }, node.name))
}

/** The last two axes of a value exchanged, as a view. */
export function turned(value: Value, name: string): Value {
  const { dims } = value
  const rank = dims.length
  const order = [...dims.keys()].slice(0, -2).concat(rank - 1, rank - 2)
  const strides = dims.map((_, axis) => sizeOf(dims.slice(axis + 1)))
  const result = order.map((axis) => dims[axis])
  return moved(
    value,
    {
      dims: result,
      map: stridedMap(
        result,
        order.map((axis) => strides[axis])
      )
    },
    name
  )
}

function bindProduct(state: ImportState, node: OnnxNode): void {
  const operands = [0, 1].map((position) => ({
    constant: constantAt(state, node, position),
    dims: dimsAt(state, node, position)
  }))
  const [a, b] = operands as [(typeof operands)[0], (typeof operands)[0]]
  const batch = broadcastDims(a.dims.slice(0, -2), b.dims.slice(0, -2))
  if (batch === null || a.dims.at(-1) !== b.dims.at(-2))
    throw badShape(node, `[${a.dims.join(', ')}] and [${b.dims.join(', ')}] cannot be multiplied`)
  const dims = [...batch, a.dims.at(-2)!, b.dims.at(-1)!]
  const dropsBatch = batch.length > 0 && batch[0] === 1
  const shapeFor = (own: readonly number[]): number[] => {
    const ranked = [...dims.map(() => 1).slice(own.length), ...own]
    return dropsBatch ? ranked.slice(1) : ranked
  }
  const inputs = operands.map(({ constant, dims: own }, position) =>
    constant === undefined
      ? laidOut(state, node, valueAt(state, node, position), shapeFor(own))
      : append(state, {
          op: 'constant',
          name: `${node.name}.constant`,
          inputs: [],
          outputShape: shapeFor(own),
          values: floatsOf(node, constant)
        })
  )
  const outputShape = dropsBatch ? dims.slice(1) : dims
  bind(state, node, plainValue(append(state, { op: 'product', name: node.name, inputs, outputShape }), dims))
}

/** Returns a value times a constant matrix along its last axis: a dense layer for one row, a 1x1 convolution for many. */
export function timesMatrix(
  state: ImportState,
  node: OnnxNode,
  value: Value,
  matrix: OnnxTensor,
  isTransposed: boolean,
  bias: Float32Array | null
): Value {
  const inner = value.dims.at(-1) ?? 1
  if (matrix.dims.length !== 2)
    throw badShape(node, `a matrix of [${matrix.dims.join(', ')}] is not supported`)
  const [outputs, expected] = (isTransposed ? matrix.dims : [matrix.dims[1], matrix.dims[0]]) as [
    number,
    number
  ]
  if (expected !== inner)
    throw badShape(node, `its matrix expects ${expected} inputs, the rows have ${inner}`)
  const rowFirst = isTransposed
    ? matrix
    : gathered(matrix, [outputs, inner], stridedMap([outputs, inner], [1, outputs]))
  const weights = floatsOf(node, { ...rowFirst, name: matrix.name })
  const dims = [...value.dims.slice(0, -1), outputs]
  const layer = { weights, bias: bias ?? new Float32Array(outputs), relu: false }
  if (sizeOf(value.dims) === inner) return plainValue(dense(state, node, value, layer), dims)
  const rows = sizeOf(value.dims) / inner
  const point = { kernel: [1, 1], stride: [1, 1], pad: [0, 0, 0, 0] } as const
  const axes = axisMapOf(state, value)
  const own = shapeOf(state, value.node)
  if (axes !== null && own.length === 3 && own[0] === inner && axes.at(-1) === 0) {
    const outputShape = [outputs, own[1], own[2]]
    const index = append(state, {
      op: 'conv2d',
      name: node.name,
      inputs: [value.node],
      outputShape,
      ...point,
      ...layer
    })
    return viewBy(index, outputShape, dims, axes)
  }
  // Rows become the pixels of an image one pixel wide, which lies in memory as the rows do.
  const asImage = moved(
    value,
    { dims: [1, inner, rows, 1], map: stridedMap([1, inner, rows, 1], [0, 1, inner, 0]) },
    node.name
  )
  const input = laidOut(state, node, asImage, [inner, rows, 1])
  const outputShape = [outputs, rows, 1]
  const index = append(state, {
    op: 'conv2d',
    name: node.name,
    inputs: [input],
    outputShape,
    ...point,
    ...layer
  })
  return { node: index, dims, map: stridedMap([rows, outputs], [1, rows]), fill: 0 }
}

/** A dense layer over all elements; an image is flattened in its own order and the weights follow. */
function dense(
  state: ImportState,
  node: OnnxNode,
  value: Value,
  layer: { weights: Float32Array; bias: Float32Array; relu: boolean }
): number {
  const inner = sizeOf(value.dims)
  const own = shapeOf(state, value.node)
  const canPermute = isWhole(state, value) && (own.length === 3 || own.length === 1)
  let input = canPermute ? value.node : laidOut(state, node, value, [inner])
  if (canPermute && own.length === 3) input = flattened(state, node, value)
  const map = canPermute ? value.map : null
  const weights = map === null ? layer.weights : layer.weights.map((_, at) => layer.weights[at])
  if (map !== null) {
    for (let at = 0; at < weights.length; at++) {
      const row = Math.floor(at / inner) * inner
      weights[row + map[at - row]] = layer.weights[at]
    }
  }
  return append(state, {
    op: 'dense',
    name: node.name,
    inputs: [input],
    outputShape: [layer.bias.length],
    ...layer,
    weights
  })
}

function flattened(state: ImportState, node: OnnxNode, value: Value): number {
  const key = `${value.node}|flatten`
  let index = state.layouts.get(key)
  if (index === undefined) {
    const name = value.viewName ?? `${node.name}.flatten`
    const outputShape = [sizeOf(shapeOf(state, value.node))]
    state.layouts.set(
      key,
      (index = append(state, { op: 'flatten', name, inputs: [value.node], outputShape }))
    )
  }
  return index
}
