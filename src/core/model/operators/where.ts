import { int, type OnnxNode } from '../onnx/onnx'
import {
  constantAt,
  dimsAt,
  unsupported,
  valueAt,
  type ImportState,
  type OperatorReader
} from '../onnx/importState'
import { broadcastDims } from '../constants/indexing'
import { numbersOf } from '../constants/numbers'
import { call } from '../tableFunction'
import { maskedScore } from './binary'
import { createMacro, type Macro } from './macro'
import { addTable } from './unary'

/** What is written into a score that is masked is at most this. */
const maskedAtMost = -1000
/** Beside this nothing of float32 is left of a usual value. */
const lowestAtMost = -1e9

/**
 * Where by a condition of zeros and ones. Scores that take a very negative constant where they are masked get it added: behind the
 * softmax nothing is left of it either way, nor in float32 of what is added to the lowest numbers. Other choices are
 * condition * a + (1 - condition) * b.
 */
export function whereReader(read: OperatorReader): OperatorReader {
  return (state, node) => {
    const [condition = '', first = '', second = ''] = node.inputs
    if (constantAt(state, node, 0) === undefined && !state.integers.has(condition))
      throw unsupported(
        node,
        'its condition is no comparison of whole numbers',
        'Give a mask of zeros and ones as an input.'
      )
    const macro = createMacro(state, node, read)
    const always = alwaysChosen(state, node)
    if (always !== null) return macro.bind(macro.add('Expand', [always.name, macro.shape(always.dims)]))
    checkInfinity(state, node)
    const [ifTrue, ifFalse] = [lowestAt(state, node, 1), lowestAt(state, node, 2)]
    if (ifTrue !== null) return macro.bind(macro.add('Add', [second, added(state, node, macro, [ifTrue, 0])]))
    if (ifFalse !== null)
      return macro.bind(macro.add('Add', [first, added(state, node, macro, [-ifFalse, ifFalse])]))
    const chosen = added(state, node, macro, [1, 0])
    const other = added(state, node, macro, [-1, 1])
    macro.bind(macro.add('Add', [macro.add('Mul', [chosen, first]), macro.add('Mul', [other, second])]))
  }
}

/** Minus infinity is read as the lowest number, which at the end of the network would be another result. */
function checkInfinity(state: ImportState, node: OnnxNode): void {
  if (!state.endings.has(node.outputs[0])) return
  const hasInfinity = [1, 2].some((position) => {
    const constant = constantAt(state, node, position)
    return constant !== undefined && numbersOf(constant).includes(-Infinity)
  })
  if (hasInfinity && !state.scores.has(node.outputs[0]))
    throw unsupported(node, 'its minus infinity would be a result of the network')
}

/** The computed branch that a known condition chooses everywhere, and the shape of the result; null where it chooses both. */
function alwaysChosen(state: ImportState, node: OnnxNode): { name: string; dims: readonly number[] } | null {
  const condition = constantAt(state, node, 0)
  if (condition === undefined) return null
  const values = numbersOf(condition)
  const [first] = values
  if (first === undefined || values.some((value) => (value !== 0) !== (first !== 0))) return null
  const position = first !== 0 ? 1 : 2
  if (constantAt(state, node, position) !== undefined) return null
  const both = broadcastDims(dimsAt(state, node, 1), dimsAt(state, node, 2)) ?? []
  return { name: node.inputs[position], dims: broadcastDims(condition.dims, both) ?? both }
}

/** The condition times a factor plus a constant, as a value that takes part in sums. */
function added(
  state: ImportState,
  node: OnnxNode,
  macro: Macro,
  [factor, shift]: readonly [number, number]
): string {
  const constant = constantAt(state, node, 0)
  if (constant !== undefined)
    return macro.constant(
      constant.dims,
      Float32Array.from(numbersOf(constant), (value) => value * factor + shift)
    )
  const name = macro.add('Cast', [node.inputs[0]], { to: int(1) })
  const condition = valueAt(state, { ...node, inputs: [name] }, 0)
  state.values.set(name, addTable(state, { ...node, name }, condition, call('affine', factor, shift)))
  return name
}

/** The one very negative value that an input holds and that may be added; null for any other input. */
function lowestAt(state: ImportState, node: OnnxNode, position: 1 | 2): number | null {
  const constant = constantAt(state, node, position)
  if (constant === undefined) return null
  const most = state.scores.has(node.outputs[0]) ? maskedAtMost : lowestAtMost
  const [lowest = 0, ...others] = numbersOf(constant)
  if (lowest > most || others.some((value) => value !== lowest)) return null
  const rest = broadcastDims(dimsAt(state, node, 0), dimsAt(state, node, 3 - position)) ?? []
  // A constant of more places than the rest would make more of these.
  const isWithin = broadcastDims(rest, constant.dims)?.join() === rest.join()
  return isWithin ? Math.max(lowest, maskedScore) : null
}
