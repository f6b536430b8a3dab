import { describe, expect, it } from 'vitest'
import { choleskyInPlace, choleskySolve } from '@core/math/cholesky'

describe('Cholesky factor', () => {
  it.each([
    { right: [10, 8], solution: [1.75, 1.5] },
    { right: [8, 7], solution: [1.25, 1.5] }
  ])('solves for $right', ({ right, solution }) => {
    const factor = Float64Array.of(4, 2, 2, 3)
    const values = Float64Array.from(right)
    expect(choleskyInPlace(factor, 2)).toBe(true)
    choleskySolve(factor, 2, values)
    expect(values[0]).toBeCloseTo(solution[0]!, 12)
    expect(values[1]).toBeCloseTo(solution[1]!, 12)
  })

  it('returns false for a matrix that is not positive definite', () => {
    expect(choleskyInPlace(Float64Array.of(1, 2, 2, 1), 2)).toBe(false)
  })
})
