import { int, intAttribute, type OnnxNode } from '../onnx'
import {
  constantAt,
  floatsOf,
  unsupported,
  valueAt,
  type ImportState,
  type OperatorReader
} from '../importState'
import { sizeOf } from '../graph'
import { call, compose, type TableFunction } from '../tableFunction'
import { createMacro } from './macro'
import { addTable } from './unary'

/** Most rows of an embedding: an index is a value of 8 bits on every target. */
const maxRows = 256

/**
 * Gather of a constant's rows by indices that are computed (an embedding): per row a table that is 1 where the index is the row's,
 * and the rows as the weights of a matrix product. `move` reads Gather by known indices.
 */
export function gatherReader(
  read: (state: ImportState, node: OnnxNode) => void,
  move: OperatorReader
): OperatorReader {
  return (state, node) => {
    const rows = constantAt(state, node, 0)
    if (constantAt(state, node, 1) !== undefined) return move(state, node)
    if (rows === undefined || intAttribute(node, 'axis', 0) !== 0)
      throw unsupported(
        node,
        'computed indices are only supported into the first axis of a constant',
        'Export the embedding as one Gather of a weight matrix along axis 0.'
      )
    const [count, ...rest] = rows.dims as [number, ...number[]]
    if (!(count <= maxRows))
      throw unsupported(
        node,
        `${count} rows are more than the ${maxRows} that an index of 8 bits reaches`,
        'Use a smaller vocabulary, or run the embedding in front of the network and give its vectors as input.'
      )
    const indices = valueAt(state, node, 1)
    const macro = createMacro(state, node, read)
    const flags = Array.from({ length: count }, (_, row) => {
      const name = `${node.name}.row${row}`
      state.values.set(name, addTable(state, { ...node, name }, indices, isRow(row, count)))
      return macro.add('Reshape', [name, macro.shape([...indices.dims, 1])])
    })
    const matrix = macro.constant([count, sizeOf(rest)], floatsOf(node, rows))
    const product = macro.add('MatMul', [
      macro.add('Concat', flags, { axis: int(indices.dims.length) }),
      matrix
    ])
    macro.bind(macro.add('Reshape', [product, macro.shape([...indices.dims, ...rest])]))
  }
}

/** 1 where the nearest whole number is the row, counted from the front or (negative) from the end; else 0. */
function isRow(row: number, count: number): TableFunction {
  return { kind: 'join', join: 'add', left: isNear(row), right: isNear(row - count) }
}

function isNear(whole: number): TableFunction {
  const steps = [call('round'), call('affine', 1, -whole), call('abs'), call('affine', -1, 1), call('relu')]
  return steps.reduce((inner, outer) => compose(outer, inner))
}
