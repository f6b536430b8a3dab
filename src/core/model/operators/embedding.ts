import { AppError } from '../../../shared/errors'
import { int, intAttribute } from '../onnx/onnx'
import {
  constantAt,
  floatsOf,
  unsupported,
  valueAt,
  append,
  bind,
  innerShape,
  plainValue,
  type ImportState,
  type OperatorReader,
  type Value
} from '../onnx/importState'
import { isIdentityMap } from '../constants/indexing'
import { sizeOf, type EmbedNode } from '../graph'
import { maxIndexRows, type IndexInput } from '../onnx/inputLayout'
import { call, compose, type TableFunction } from '../tableFunction'
import { createMacro } from './macro'
import { addTable } from './unary'

/** Most rows of an embedding: an index is a value of 8 bits on every target. */
const maxRows = 256

/**
 * Gather of a constant's rows by indices that are computed (an embedding): per row a table that is 1 where the index is the row's,
 * and the rows as the weights of a matrix product. `move` reads Gather by known indices.
 */
export function gatherReader(read: OperatorReader, move: OperatorReader): OperatorReader {
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
    const indices = valueAt(state, node, 1)
    const source = indexSource(state, indices)
    if (source !== null) {
      const table = { rows: count, width: sizeOf(rest), values: floatsOf(node, rows) }
      return bind(state, node, embedded(state, node.name, table, [...indices.dims, ...rest], source))
    }
    if (!(count <= maxRows))
      throw unsupported(
        node,
        `${count} rows are more than the ${maxRows} that an index of 8 bits reaches`,
        'Use a smaller vocabulary, or run the embedding in front of the network and give its vectors as input.'
      )
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

/**
 * An input of the network as the whole numbers that its pairs of bytes are: a table of one column that holds its row numbers. Gathers
 * by it become tables of their own, functions of it too (passes/foldEmbedded.ts). One of several inputs is first taken out of the
 * whole, low bytes and high bytes.
 * @throws AppError model.unsupportedShape for more rows than two bytes reach
 */
export function indexValue(state: ImportState, { name, dims, map, rows }: IndexInput): Value {
  if (rows > maxIndexRows) {
    throw new AppError(
      'model.unsupportedShape',
      `The input "${name}" fetches one of ${rows} rows.`,
      `Use a vocabulary of at most ${maxIndexRows}.`
    )
  }
  const values = Float32Array.from({ length: rows }, (_, row) => row)
  const all = state.inputShape[0] / 2
  const numbers = map?.length ?? all
  const source = map === null ? -1 : bytesOfPart(state, name, map, all)
  return embedded(state, name, { rows, width: 1, values }, dims, { node: source, numbers })
}

/** Appends the move that takes both bytes of each number of a part. */
function bytesOfPart(state: ImportState, name: string, places: Int32Array, all: number): number {
  const map = Int32Array.from([...places, ...places.map((place) => all + place)])
  return append(state, {
    op: 'move',
    name: `${name}.bytes`,
    inputs: [-1],
    outputShape: [map.length],
    map,
    fill: 0
  })
}

/** Where the pairs of bytes of an embedding come from: a node, -1 for the network's input, and how many pairs. */
interface IndexSource {
  readonly node: number
  readonly numbers: number
}

function embedded(
  state: ImportState,
  name: string,
  table: Pick<EmbedNode, 'rows' | 'width' | 'values'>,
  dims: readonly number[],
  { node, numbers }: IndexSource
): Value {
  const outputShape = table.width === 1 ? [numbers] : [numbers, table.width]
  const shaped = innerShape(dims)
  const shape = sizeOf(shaped) === sizeOf(outputShape) && shaped.length <= 2 ? shaped : outputShape
  return plainValue(append(state, { op: 'embed', name, inputs: [node], outputShape: shape, ...table }), dims)
}

/** Where an index comes from that is an input's numbers in their order; null for any other. */
function indexSource(state: ImportState, { node, map }: Value): IndexSource | null {
  const found = state.nodes[node]
  if (found?.op !== 'embed' || found.width !== 1) return null
  const numbers = sizeOf(found.outputShape)
  const isPlain = map === null || (map.length === numbers && isIdentityMap(map))
  if (!isPlain || !found.values.every((value, row) => value === row)) return null
  return { node: found.inputs[0], numbers }
}

/** 1 where the nearest whole number is the row, counted from the front or (negative) from the end; else 0. */
function isRow(row: number, count: number): TableFunction {
  return { kind: 'join', join: 'add', left: isNear(row), right: isNear(row - count) }
}

/** Equal of a computed whole number and a constant one: 1 or 0. */
export const readEqual: OperatorReader = (state, node) => {
  const position = constantAt(state, node, 0) === undefined ? 0 : 1
  const constant = constantAt(state, node, 1 - position)
  const value = valueAt(state, node, position)
  if (
    constant === undefined ||
    sizeOf(constant.dims) !== 1 ||
    !state.integers.has(node.inputs[position] ?? '')
  )
    throw unsupported(
      node,
      'only a whole number of the input is compared with one constant',
      'Give a mask as an input of its own, or compute it in front of the network.'
    )
  bind(state, node, addTable(state, node, value, isNear(Number(constant.data[0]))))
}

/** Returns the function that is 1 at a whole number and 0 at all others. */
export function isNear(whole: number): TableFunction {
  const steps = [call('round'), call('affine', 1, -whole), call('abs'), call('affine', -1, 1), call('relu')]
  return steps.reduce((inner, outer) => compose(outer, inner))
}
