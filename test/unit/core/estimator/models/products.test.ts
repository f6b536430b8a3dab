import { describe, expect, it } from 'vitest'
import { productColumns, productsUpTo } from '@core/estimator/models/products'

const matrix = (names: string[], ...columns: number[][]) => ({
  ...{ names, columns: columns.map((one) => Float64Array.from(one)), count: columns[0]!.length }
})

describe('products of knobs', () => {
  it('hold every product of numbers up to the degree, once', () => {
    const two = matrix(['tokens', 'blocks'], [2, 3], [5, 7])
    expect(productsUpTo(two, 2)).toEqual([[0], [0, 0], [0, 1], [1], [1, 1]])
    // Multisets of up to three of two: 2 + 3 + 4.
    expect(productsUpTo(two, 3)).toHaveLength(9)
    expect(productColumns(two, [[], [0, 0, 1], [1]]).map((column) => [...column])).toEqual([
      [1, 1],
      [20, 63],
      [5, 7]
    ])
  })

  it('multiply no name with a name', () => {
    const named = matrix(['tokens', 'tier = low', 'tier = high'], [2, 3], [1, 0], [0, 1])
    expect(productsUpTo(named, 2)).toEqual([[0], [0, 0], [0, 1], [0, 2], [1], [2]])
  })
})
