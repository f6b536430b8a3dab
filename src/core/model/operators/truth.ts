import { int, type OnnxNode } from '../onnx/onnx'
import {
  bind,
  constantAt,
  dimsAt,
  unsupported,
  valueAt,
  type ImportState,
  type OperatorReader
} from '../onnx/importState'
import { checkedCount } from '../constants/checkedCount'
import { broadcastDims } from '../constants/indexing'
import { constantOf, numbersOf } from '../constants/numbers'
import { call } from '../tableFunction'
import { createMacro, type Macro } from './macro'
import { addTable } from './unary'

/** Not: 1 where a value of zeros and ones is 0. */
export const readNot: OperatorReader = (state, node) =>
  bind(state, node, addTable(state, node, valueAt(state, node, 0), call('affine', -1, 1)))

/** The inputs of And, Or and Xor as zeros and ones. */
function truths(state: ImportState, node: OnnxNode, macro: Macro): string[] {
  return node.inputs.map((name, position): string => {
    const constant = constantAt(state, node, position)
    if (constant !== undefined)
      return macro.constant(
        constant.dims,
        Float32Array.from(numbersOf(constant), (value) => (value === 0 ? 0 : 1))
      )
    if (!state.integers.has(name))
      throw unsupported(
        node,
        'it reads what is no comparison and no mask',
        'Give a mask of zeros and ones as an input.'
      )
    return macro.add('Cast', [name], { to: int(1) })
  })
}

/** And of zeros and ones, as exporters join masks: a product; beside a constant that is true everywhere the other input, repeated. */
export function andReader(read: OperatorReader): OperatorReader {
  return (state, node) => {
    const macro = createMacro(state, node, read)
    const parts = truths(state, node, macro)
    const isTrue = (position: number): boolean => {
      const constant = constantAt(state, node, position)
      return constant !== undefined && numbersOf(constant).every((value) => value !== 0)
    }
    const only = isTrue(0) ? 1 : isTrue(1) ? 0 : null
    if (only === null) return macro.bind(macro.add('Mul', parts))
    const dims = broadcastDims(dimsAt(state, node, 0), dimsAt(state, node, 1)) ?? []
    macro.bind(macro.add('Expand', [parts[only], macro.shape(dims)]))
  }
}

/** Or and Xor of zeros and ones: their sum, at most 1, and the square of their difference. */
export function orReader(read: OperatorReader): OperatorReader {
  return (state, node) => {
    const macro = createMacro(state, node, read)
    const parts = truths(state, node, macro)
    if (node.opType === 'Or')
      return macro.bind(
        macro.add('Clip', [macro.add('Add', parts), ...[0, 1].map((limit) => macro.scalar(limit))])
      )
    const distance = macro.add('Sub', parts)
    macro.bind(macro.add('Mul', [distance, distance]))
  }
}

/** Less, Greater and the like: 1 where a difference is above 0, or is not. */
export function comparisonReader(read: OperatorReader): OperatorReader {
  return (state, node) => {
    const macro = createMacro(state, node, read)
    const [first, second] = node.inputs
    const isFirstLarger = node.opType === 'Greater' || node.opType === 'LessOrEqual'
    const distance = macro.add('Sub', isFirstLarger ? [first, second] : [second, first])
    const isAbove = macro.add('Relu', [macro.add('Sign', [distance])])
    macro.bind(node.opType.endsWith('OrEqual') ? macro.add('Not', [isAbove]) : isAbove)
    state.integers.add(node.outputs[0])
  }
}

/**
 * IsNaN behind a softmax, whose shares are numbers here: false everywhere. Elsewhere 0 stands where a file would have NaN, and what
 * replaces it there would be lost.
 */
export const readIsNaN: OperatorReader = (state, node) => {
  const { node: index, dims } = valueAt(state, node, 0)
  if (state.nodes[index]?.op !== 'softmax')
    throw unsupported(
      node,
      'it looks for NaN elsewhere than behind a softmax',
      'Export the network without it: nothing that is computed in integers is NaN.'
    )
  state.constants.set(node.outputs[0], constantOf('uint8', dims, new Float64Array(checkedCount(node, dims))))
}
