import { textAttribute, type OnnxNode } from '../onnx/onnx'
import {
  badShape,
  bind,
  constantAt,
  innerShape,
  integersOf,
  knownCodes,
  laidOut,
  plainValue,
  unsupported,
  valueAt,
  type ImportState,
  type OperatorReader,
  type Value
} from '../onnx/importState'
import { checkedCount } from '../constants/checkedCount'
import { offsetMap, rowMajorStrides } from '../constants/indexing'
import { gathered } from '../constants/numbers'
import { integersArgument, numberArgument } from './arguments'
import { moved } from './shaping'

/** Pad in all its modes, as a view; a window behind it takes zeros over as its own padding. Negative pads cut. */
export const readPad: OperatorReader = (state, node) => {
  const constant = constantAt(state, node, 0)
  const input: Value | undefined = constant === undefined ? valueAt(state, node, 0) : undefined
  const dims = constant?.dims ?? input!.dims
  const rank = dims.length
  const given = integersArgument(state, node, 'pads', 1) ?? []
  const axisTensor = constantAt(state, node, 3)
  const axes =
    axisTensor === undefined
      ? dims.map((_, axis) => axis)
      : integersOf(axisTensor).map((axis) => (axis < 0 ? axis + rank : axis))
  if (given.length !== 2 * axes.length) throw badShape(node, `${given.length} pads for ${axes.length} axes`)
  const sides = (offset: number): number[] =>
    dims.map((_, axis) => (axes.includes(axis) ? given[axes.indexOf(axis) + offset] : 0))
  const [before, after] = [sides(0), sides(axes.length)]
  const mode = textAttribute(node, 'mode', 'constant')
  const result = dims.map((size, axis) => size + before[axis] + after[axis])
  if (result.some((size) => size < 1)) throw badShape(node, 'nothing is left of the tensor')
  checkedCount(node, result)
  const strides = rowMajorStrides(dims)
  const map = offsetMap(
    result.map((length, axis) =>
      Array.from({ length }, (_, at) => {
        const index = sourceIndex(node, mode, at - before[axis], dims[axis])
        return index < 0 ? -1 : index * strides[axis]
      })
    )
  )
  const fill = mode === 'constant' ? meaning(state, node, numberArgument(state, node, 'value', 2) ?? 0) : 0
  if (constant !== undefined) {
    state.constants.set(node.outputs[0], gathered(constant, result, map, fill))
    return
  }
  const value = input!
  const hasOtherFill = (value.map?.includes(-1) ?? false) && value.fill !== fill
  const source = hasOtherFill ? plainValue(laidOut(state, node, value, innerShape(dims)), dims) : value
  const view = { ...moved(source, { dims: result, map }, node.name), fill }
  const isPlain = mode === 'constant' && [...before, ...after].every((side) => side >= 0)
  bind(state, node, isPlain ? { ...view, padded: { of: source, before, after } } : view)
}

/** What is filled in: beside codes it is one, and is read as what it means. */
function meaning(state: ImportState, node: OnnxNode, fill: number): number {
  const codes = knownCodes(state, node.inputs[0])
  return codes === undefined ? fill : codes.scale * (fill - codes.zero)
}

function sourceIndex(node: OnnxNode, mode: string, index: number, size: number): number {
  if (index >= 0 && index < size) return index
  switch (mode) {
    case 'constant':
      return -1
    case 'edge':
      return index < 0 ? 0 : size - 1
    case 'wrap':
      return ((index % size) + size) % size
    case 'reflect': {
      if (size === 1) return 0
      const period = 2 * (size - 1)
      const at = ((index % period) + period) % period
      return at < size ? at : period - at
    }
    default:
      throw unsupported(node, `mode "${mode}" is not supported`)
  }
}
