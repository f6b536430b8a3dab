import { describe, expect, it } from 'vitest'
import { linearModel } from '@core/proxy/estimators/linear'
import { shapeRows } from '@core/proxy/samples'

/** One matmul of 2 x 3 x 4 (24 MACs) at three pairs of widths. */
const rows = shapeRows(
  'matmul',
  [
    [2, 8],
    [8, 2],
    [4, 4]
  ].map(([activationBits, weightBits]) => ({
    dims: [2, 3, 4],
    activationBits: activationBits!,
    weightBits: weightBits!
  }))
)

describe('the terms of the linear proxies', () => {
  it('are MACs times the larger width, the weights’, and the activations’, then one', () => {
    const terms = [0, 1, 2, 3].map((term) => {
      const coefficients = [0, 0, 0, 0]
      coefficients[term] = 1
      return [...linearModel({ kind: 'linear', terms: 'cbops', coefficients }).predict(rows)]
    })
    expect(terms).toEqual([
      [24 * 8, 24 * 8, 24 * 4],
      [24 * 8, 24 * 2, 24 * 4],
      [24 * 2, 24 * 8, 24 * 4],
      [1, 1, 1]
    ])
  })

  it('are MACs times both widths for BOPs', () => {
    const model = linearModel({ kind: 'linear', terms: 'bops', coefficients: [2, 3] })
    expect([...model.predict(rows)]).toEqual([24 * 16 * 2 + 3, 24 * 16 * 2 + 3, 24 * 16 * 2 + 3])
  })
})
