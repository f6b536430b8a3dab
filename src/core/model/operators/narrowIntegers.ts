import { intAttribute, type OnnxNode } from '../onnx/onnx'
import { bind, type ImportState, type IntegerRange } from '../onnx/importState'
import { boundsOf } from '../bounds'
import { narrowTypes } from '../constants/quantized'
import { call } from '../tableFunction'
import { moveOperators } from './moves'
import { addTable } from './unary'

/**
 * Integers of 8 and 16 bits. A result that does not fit wraps around, in two's complement, as onnxruntime's casts, sums and products
 * of these types do (measured with 1.30; ONNX leaves casts of what does not fit undefined).
 */

/** The range of the values that a network's input of this type takes; undefined for wider types. */
export function narrowRange(elementType: string): IntegerRange | undefined {
  if (elementType === 'uint8') return narrowTypes[2]
  return elementType === 'int8' ? narrowTypes[3] : undefined
}

/** Operators whose results may leave the range of their operands. */
const computing: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Neg', 'Abs', 'Cast'])

/** Operators whose results have the type of their first input and are some of its values, or of the others'. */
const keeping: ReadonlySet<string> = new Set([
  ...moveOperators,
  'Identity',
  'Dropout',
  'MaxPool',
  'ReduceMax',
  'Concat',
  'Pad',
  'Resize',
  'Upsample',
  'Max',
  'Min',
  'Clip',
  'Relu',
  'Div'
])

/** Notes the type of a result that has 8 or 16 bits, and wraps it around where it may not fit. */
export function keepNarrow(state: ImportState, node: OnnxNode): void {
  const range = resultRange(state, node)
  if (range === undefined) return
  for (const output of node.outputs) state.narrow.set(output, range)
  const [output] = node.outputs
  const value = state.values.get(output)
  const isLeft = state.left.has(output) || state.leftBehind.has(output)
  if (!computing.has(node.opType) || value === undefined || isLeft) return
  const [low, high] = range
  const [least, most] = boundsOf(state.nodes, value.node, state.inputBounds)
  if (least >= low && most <= high) return
  bind(state, node, addTable(state, node, value, call('wrap', low, high - low + 1)))
}

function resultRange(state: ImportState, node: OnnxNode): IntegerRange | undefined {
  if (node.opType === 'Cast') return narrowTypes[intAttribute(node, 'to', 1)]
  // What is chosen decides, not what it is chosen by.
  const typed = node.opType === 'Where' ? node.inputs.slice(1) : node.inputs
  if (node.opType !== 'Where' && !computing.has(node.opType) && !keeping.has(node.opType)) return undefined
  for (const name of typed) {
    const range = state.narrow.get(name)
    if (range !== undefined) return range
  }
  return undefined
}
