import { evaluateFunction } from '../model/tableFunction'
import type { RecurrentNode } from '../model/graph'
import type { FloatStep } from './floatSteps'

/** Float step of a recurrence: reads [steps][gates * hidden], writes [steps][hidden], from states of 0. */
export function createRecurrentStep(node: RecurrentNode): FloatStep {
  const [hidden, steps] = node.outputShape
  const rows = node.recurrenceBias.length
  const step = createCell(node, hidden)
  return ([input], out) => {
    let state = new Float64Array(hidden)
    const cell = new Float64Array(hidden)
    for (let at = 0; at < steps; at++) {
      const row = node.isReverse ? steps - 1 - at : at
      state = step(input.subarray(row * rows, (row + 1) * rows), state, cell)
      out.set(state, row * hidden)
    }
  }
}

type Cell = (own: Float32Array, state: Float64Array, cell: Float64Array) => Float64Array<ArrayBuffer>

/** One step: the new state; an LSTM's cell is written in place. */
function createCell(node: RecurrentNode, hidden: number): Cell {
  const at = (which: number, value: number): number => evaluateFunction(node.functions[which], value)
  return (own, state, cell) => {
    const sums = productOf(node, state, hidden)
    const gate = (which: number, row: number): number => at(which, own[row] + sums[row])
    const resets = (unit: number): number => gate(0, hidden + unit)
    const reset =
      node.cell === 'gru'
        ? productOf(
            node,
            state.map((value, unit) => value * resets(unit)),
            hidden
          )
        : sums
    return Float64Array.from({ length: hidden }, (_, unit) => {
      if (node.cell === 'rnn') return gate(0, unit)
      if (node.cell === 'lstm') {
        cell[unit] = gate(0, 2 * hidden + unit) * cell[unit] + gate(0, unit) * gate(1, 3 * hidden + unit)
        return gate(0, hidden + unit) * at(2, cell[unit])
      }
      const last = 2 * hidden + unit
      const fresh = at(1, own[last] + (node.cell === 'gru' ? 1 : resets(unit)) * reset[last])
      return fresh + gate(0, unit) * (state[unit] - fresh)
    })
  }
}

function productOf(node: RecurrentNode, state: Float64Array, hidden: number): Float64Array {
  return Float64Array.from(node.recurrenceBias, (bias, row) => {
    let sum = bias
    for (let k = 0; k < hidden; k++) sum += node.recurrence[row * hidden + k] * state[k]
    return sum
  })
}
