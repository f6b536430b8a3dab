import { ints, type OnnxNode } from '../onnx/onnx'
import { append, laidOut, valueAt, type ImportState } from '../onnx/importState'
import { stridedMap } from '../constants/indexing'
import { gatesOfRecurrence } from '../../kernel/spec'
import type { RecurrentNode } from '../graph'
import type { Macro } from './macro'

/** What a recurrence is made one node of; its first states are zeros. */
export interface RecurrentForm extends Pick<
  RecurrentNode,
  'cell' | 'isReverse' | 'functions' | 'recurrence' | 'recurrenceBias'
> {
  readonly steps: number
  readonly hidden: number
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
  { steps, hidden, ...own }: RecurrentForm
): string {
  const rows = gatesOfRecurrence[own.cell] * hidden
  const turned = macro.add('Transpose', [all], { perm: ints([1, 2, 0]) })
  const image = macro.add('Unsqueeze', [turned, macro.shape([3])])
  const from = laidOut(state, node, valueAt(state, { ...node, inputs: [image] }, 0), [rows, steps, 1])
  const index = append(state, {
    op: 'recurrent',
    name: node.name,
    inputs: [from],
    outputShape: [hidden, steps, 1],
    ...own
  })
  const dims = [steps, 1, hidden]
  const name = `${node.name}.states_${index}`
  state.values.set(name, { node: index, dims, map: stridedMap(dims, [1, 0, steps]), fill: 0 })
  return name
}
