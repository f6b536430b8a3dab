import type { OnnxNode } from '../onnx/onnx'
import { append, laidOut, valueAt, type ImportState } from '../onnx/importState'
import { stridedMap } from '../constants/indexing'
import { gatesOfCell, type RecurrentCell } from '../graph'
import type { TableFunction } from '../tableFunction'
import type { Macro } from './macro'

/** What a recurrence is made one node of; its first states are zeros. */
export interface RecurrentForm {
  readonly cell: RecurrentCell
  readonly functions: readonly TableFunction[]
  readonly isReverse: boolean
  readonly steps: number
  readonly hidden: number
  /** [gates * hidden][hidden] */
  readonly recurrence: Float32Array
  readonly recurrenceBias: Float32Array
}

/**
 * Appends a recurrence behind `all`, the inputs of one item times their weights, [steps, 1, gates * hidden].
 * @returns name of its states, [steps, 1, hidden]
 */
export function appendRecurrence(
  state: ImportState,
  node: OnnxNode,
  macro: Macro,
  all: string,
  { cell, functions, isReverse, steps, hidden, recurrence, recurrenceBias }: RecurrentForm
): string {
  const rows = gatesOfCell[cell] * hidden
  const turned = macro.add('Transpose', [all], { perm: { kind: 'ints', value: [1, 2, 0] } })
  const image = macro.add('Unsqueeze', [turned, macro.shape([3])])
  const from = laidOut(state, node, valueAt(state, { ...node, inputs: [image] }, 0), [rows, steps, 1])
  const index = append(state, {
    op: 'recurrent',
    name: node.name,
    inputs: [from],
    outputShape: [hidden, steps, 1],
    cell,
    isReverse,
    functions,
    recurrence,
    recurrenceBias
  })
  const dims = [steps, 1, hidden]
  const name = `${node.name}.states_${index}`
  state.values.set(name, { node: index, dims, map: stridedMap(dims, [1, 0, steps]), fill: 0 })
  return name
}
