import type { RecurrentNode } from '../graph'
import type { TableFunction } from '../tableFunction'
import { boundedActivations } from '../operators/recurrentActivations'
import { sizeList, type ExportSink } from './exportSink'
import { floats, int, ints, strings, text, type OnnxAttribute } from './onnx'

/** A recurrence as LSTM, GRU or RNN whose own weights are a unit matrix: the inputs' weights are another layer. */
export function exportRecurrence(sink: ExportSink, node: RecurrentNode, input: string): string {
  const [hidden, steps] = node.outputShape
  const rows = node.recurrenceBias.length
  // [batch, rows, steps, 1] to [steps, batch, rows]
  const flat = sink.node('Reshape', [input, sizeList(sink, [0, rows, steps])])
  const sequence = sink.node('Transpose', [flat], { perm: ints([2, 0, 1]) })
  const unit = new Float32Array(rows * rows)
  for (let row = 0; row < rows; row++) unit[row * rows + row] = 1
  const bias = new Float32Array(2 * rows)
  bias.set(node.recurrenceBias, rows)
  const opType = node.cell === 'lstm' ? 'LSTM' : node.cell === 'rnn' ? 'RNN' : 'GRU'
  const states = sink.node(
    opType,
    [
      sequence,
      sink.constant(unit, [1, rows, rows]),
      sink.constant(node.recurrence, [1, rows, hidden]),
      sink.constant(bias, [1, 2 * rows])
    ],
    { hidden_size: int(hidden), ...attributesOf(node) }
  )
  // [steps, 1, batch, hidden] to [batch, hidden, steps, 1]
  return sink.node('Transpose', [states], { perm: ints([2, 3, 0, 1]) })
}

function attributesOf(node: RecurrentNode): Record<string, OnnxAttribute> {
  const calls = node.functions.map(activationOf)
  // Only those that take parameters have entries here, one behind the other.
  const withParameters = calls.filter(({ parameters }) => parameters.length > 0)
  return {
    activations: strings(calls.map(({ opType }) => opType)),
    ...(withParameters.length === 0
      ? {}
      : {
          activation_alpha: floats(withParameters.map(({ parameters }) => parameters[0])),
          activation_beta: floats(withParameters.map(({ parameters }) => parameters[1]))
        }),
    ...(node.isReverse ? { direction: text('reverse') } : {}),
    ...(node.cell === 'gruAfter' ? { linear_before_reset: int(1) } : {})
  }
}

function activationOf(f: TableFunction): { opType: string; parameters: readonly number[] } {
  const known = f.kind === 'call' ? boundedActivations.find(({ name }) => name === f.name) : undefined
  if (f.kind !== 'call' || known === undefined) throw new Error('a recurrence has bounded functions by name')
  return { opType: known.opType, parameters: f.parameters }
}
