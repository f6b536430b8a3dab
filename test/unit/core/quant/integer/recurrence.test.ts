import { describe, expect, it } from 'vitest'
import type { RecurrentNode } from '@core/model/graph'
import { call } from '@core/model/tableFunction'
import { recurrentLayer, runRecurrence } from '@core/quant/integer/recurrence'
import { codeRange } from '@core/quant/quantizedNetwork'

/** A plain recurrence of three units over one step. */
function rnn(recurrence: Float32Array, recurrenceBias: Float32Array): RecurrentNode {
  return {
    ...{ op: 'recurrent', name: 'rnn', inputs: [-1], outputShape: [3, 1, 1] },
    ...{ cell: 'rnn', isReverse: false, functions: [call('tanh')], recurrence, recurrenceBias }
  }
}

const frame = {
  name: 'rnn',
  inputs: [-1],
  inputShape: [1, 1, 3],
  outputShape: [1, 1, 3],
  input: { bits: 8, scale: 1 / 32, zero: 0 }
} as const
const output = { bits: 8, scale: 1 / 128, zero: 0 } as const

describe('a recurrence in integers', () => {
  it.each([0, 1e-9, 1e-6, 0.1])('keeps the biases beside weights of %d', (weight) => {
    const biases = [0.7, -0.3, 1.5]
    const node = rnn(new Float32Array(9).fill(weight), Float32Array.from(biases))
    const layer = recurrentLayer(node, frame, output, { bitsOf: null, weightBits: 8 })
    for (const bias of layer.rowBias) expect(Math.abs(bias)).toBeLessThanOrEqual(2 ** 30)
    const out = new Int8Array(3)
    runRecurrence(layer, new Int8Array(3), out)
    expect([...out]).toEqual(biases.map((bias) => Math.round(128 * Math.tanh(bias))))
  })
  it('has weights of fewer bits at the scale of least squared error, row by row', () => {
    // Signs at the mean magnitude: 1, then 0.5; of zeros the sign does not matter, since its scale is next to nothing.
    const weights = Float32Array.of(1, -1, 1, 0.25, -0.25, -1, 0, 0, 0)
    const { recurrence, rowMult, rowShift } = recurrentLayer(
      rnn(weights, Float32Array.of(0, 0, 0)),
      frame,
      output,
      { bitsOf: 'inputs', weightBits: 1 }
    )
    expect([...recurrence.subarray(0, 6)]).toEqual([1, -1, 1, 1, -1, -1])
    // Codes of 1/128 times the scale, in 1/4096.
    const factors = [0, 1, 2].map((row) => rowMult[row]! / 2 ** rowShift[row]!)
    expect(factors.slice(0, 2)).toEqual([32, 16])
    expect(factors[2]).toBeLessThan(1e-6)
  })

  it.each([
    [4, [7, -7, 1, -8, 8, 4]],
    [2, [1, -1, 0, -2, 2, 1]]
  ] as const)('rounds to codes of %d bits and clamps them', (weightBits, values) => {
    // Whole numbers have an error of 0 at a scale of 1, but for the 8 or 2 that is one too many.
    const { low, high } = codeRange(weightBits)
    const layer = recurrentLayer(
      rnn(Float32Array.of(...values, 0, 0, 0), Float32Array.of(0, 0, 0)),
      frame,
      output,
      { bitsOf: 'inputs', weightBits }
    )
    expect([...layer.recurrence.subarray(0, 3)]).toEqual(values.slice(0, 3))
    expect(layer.rowMult[0]! / 2 ** layer.rowShift[0]!).toBeCloseTo(32, 9)
    for (const code of layer.recurrence) {
      expect(code).toBeGreaterThanOrEqual(low)
      expect(code).toBeLessThanOrEqual(high)
    }
  })
})
