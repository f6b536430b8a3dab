import { describe, expect, it } from 'vitest'
import { choleskyInPlace, choleskySolve } from '@core/math/cholesky'
import { createRandom } from '@core/math/random'

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

  it.each([1, 2, 3, 5, 6, 7, 8, 9, 11, 13])(
    'of %i rows gives the matrix again as L times its transpose',
    (n) => {
      const random = createRandom(n)
      const made = Float64Array.from({ length: n * n }, (_, at) =>
        at % n > Math.floor(at / n) ? 0 : at % (n + 1) === 0 ? 1 + random.next() : random.next() - 0.5
      )
      const entry = (lower: Float64Array, row: number, column: number): number => {
        let sum = 0
        for (let k = 0; k <= Math.min(row, column); k++) sum += lower[row * n + k]! * lower[column * n + k]!
        return sum
      }
      const matrix = Float64Array.from({ length: n * n }, (_, at) => entry(made, Math.floor(at / n), at % n))
      const factor = matrix.slice()
      expect(choleskyInPlace(factor, n)).toBe(true)
      for (let row = 0; row < n; row++)
        for (let column = 0; column <= row; column++)
          expect(factor[row * n + column]).toBeCloseTo(made[row * n + column]!, 10)
    }
  )

  it('returns false for a matrix that is not positive definite', () => {
    expect(choleskyInPlace(Float64Array.of(1, 2, 2, 1), 2)).toBe(false)
  })
})
