import { describe, expect, it } from 'vitest'
import { standardisation, standardised } from '@core/regression/featureMatrix'

const matrix = {
  names: ['a', 'constant', 'small'],
  columns: [
    Float64Array.of(1, 3, 5, 7),
    Float64Array.of(0.1, 0.1, 0.1, 0.1),
    Float64Array.of(0, 0, 2e-9, 2e-9)
  ],
  count: 4
}

describe('standardisation', () => {
  it('is the mean and the inverse deviation of a column, 0 for a constant one', () => {
    const { mean, scale } = standardisation(matrix)
    expect([...mean].map((value) => Number(value.toPrecision(12)))).toEqual([4, 0.1, 1e-9])
    // Distances from the mean 4 are 3, 1, 1 and 3: a mean square of 5.
    expect([...scale].map((value) => Number(value.toPrecision(12)))).toEqual([
      Number((1 / Math.sqrt(5)).toPrecision(12)),
      0,
      1e9
    ])
  })

  it('is applied to all rows, or to those that are named, in their order', () => {
    const units = { mean: Float64Array.of(4, 0.1, 1e-9), scale: Float64Array.of(0.5, 0, 1e9) }
    const rounded = (points: Float64Array): number[] =>
      [...points].map((value) => Number(value.toFixed(9)) + 0)
    expect(rounded(standardised(matrix, units))).toEqual([-1.5, 0, -1, -0.5, 0, -1, 0.5, 0, 1, 1.5, 0, 1])
    expect(rounded(standardised(matrix, units, Int32Array.of(3, 0)))).toEqual([1.5, 0, 1, -1.5, 0, -1])
  })
})
