import { describe, expect, it } from 'vitest'
import type { RecurrentNode } from '@core/model/graph'
import { call } from '@core/model/tableFunction'
import { recurrentLayer, runRecurrence } from '@core/quant/integer/recurrence'

describe('a recurrence in integers', () => {
  it.each([0, 1e-9, 1e-6, 0.1])('keeps the biases beside weights of %d', (weight) => {
    const biases = [0.7, -0.3, 1.5]
    const node: RecurrentNode = {
      op: 'recurrent',
      name: 'rnn',
      inputs: [-1],
      outputShape: [3, 1, 1],
      cell: 'rnn',
      isReverse: false,
      functions: [call('tanh')],
      recurrence: new Float32Array(9).fill(weight),
      recurrenceBias: Float32Array.from(biases)
    }
    const frame = {
      name: 'rnn',
      inputs: [-1],
      inputShape: [1, 1, 3],
      outputShape: [1, 1, 3],
      input: { bits: 8, scale: 1 / 32, zero: 0 }
    } as const
    const layer = recurrentLayer(node, frame, { bits: 8, scale: 1 / 128, zero: 0 })
    for (const bias of layer.rowBias) expect(Math.abs(bias)).toBeLessThanOrEqual(2 ** 30)
    const out = new Int8Array(3)
    runRecurrence(layer, new Int8Array(3), out)
    expect([...out]).toEqual(biases.map((bias) => Math.round(128 * Math.tanh(bias))))
  })
})
