import { describe, expect, it } from 'vitest'
import { requireTable } from '@core/regression/trees/requireTable'

const check = (columns: readonly number[][], y: readonly number[], count = y.length): void =>
  requireTable(
    { names: columns.map((_, at) => `f${at}`), columns: columns.map((one) => Float64Array.from(one)), count },
    Float64Array.from(y)
  )

describe('what trees are grown from', () => {
  it('may hold infinite features, and one row of one feature', () => {
    expect(() => check([[1, -Infinity, Infinity]], [1, 2, 3])).not.toThrow()
    expect(() => check([[1]], [0])).not.toThrow()
  })

  it('has rows and features', () => {
    expect(() => check([[]], [])).toThrow('0 rows of 1 feature')
    expect(() => check([], [1, 2])).toThrow('2 rows of 0 features')
  })

  it('has as many features as targets', () => {
    expect(() => check([[1, 2]], [1, 2, 3], 2)).toThrow('different numbers of rows')
    expect(() => check([[1, 2], [1]], [1, 2])).toThrow('different numbers of rows')
  })

  it('names the first feature that is no number, counted from 1', () => {
    expect(() =>
      check(
        [
          [1, 2],
          [3, NaN]
        ],
        [1, 2]
      )
    ).toThrow('Feature f1 of row 2 is not a number')
  })

  it('names the first target that is not finite', () => {
    expect(() => check([[1, 2, 3]], [1, Infinity, NaN])).toThrow('target of row 2 is Infinity')
    expect(() => check([[1]], [NaN])).toThrow('target of row 1 is NaN')
  })
})
