import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import type { TwinProblem } from '@core/twin/twinProblem'
import { wholeCycles } from '@core/twin/wholeCycles'

/** A least-squares problem |A x - b|^2 over whole x of at least `least`; `start` is what the real solution is taken for. */
function problemOf(a: number[][], b: number[], least: number[], start: number[]): TwinProblem {
  const n = least.length
  const rest = b.map((value, row) => value - a[row].reduce((sum, share, at) => sum + share * least[at], 0))
  const gram = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) gram[i * n + j] = a.reduce((sum, row) => sum + row[i] * row[j], 0)
  const rhs = Float64Array.from({ length: n }, (_, i) =>
    a.reduce((sum, row, at) => sum + row[i] * rest[at], 0)
  )
  const given: Partial<TwinProblem> = {
    rows: a.map((_, row) => row),
    least: Float64Array.from(least),
    equations: () => ({ gram, rhs }),
    solve: () => Float64Array.from(start)
  }
  return given as TwinProblem
}

const squares = (a: number[][], b: number[], x: ArrayLike<number>): number =>
  a.reduce((sum, row, at) => sum + (row.reduce((all, share, i) => all + share * x[i], 0) - b[at]) ** 2, 0)

describe('whole cycles', () => {
  it('are the rounded solution where it is the best', () => {
    const a = [
      [1, 0],
      [0, 1]
    ]
    expect([...wholeCycles(problemOf(a, [2.4, 3.6], [1, 0], [2.4, 3.6]), 1)]).toEqual([2, 4])
  })

  it('step up, down and in two terms at once, never below the least', () => {
    // Two terms that nearly do the same: 5 together, and the second one twice as dear in the second row.
    const a = [
      [1, 1],
      [1, 1.2]
    ]
    expect([...wholeCycles(problemOf(a, [5, 5.4], [0, 0], [5, 0]), 1)]).toEqual([3, 2])
    expect([...wholeCycles(problemOf(a, [5, 5.4], [0, 0], [0, 5]), 1)]).toEqual([3, 2])
    expect([...wholeCycles(problemOf(a, [5, 5.4], [4, 0], [4, 1]), 1)]).toEqual([4, 1])
    expect([...wholeCycles(problemOf([[1]], [-7], [2], [4]), 1)]).toEqual([2])
    expect([...wholeCycles(problemOf([[1]], [9], [2], [4]), 1)]).toEqual([9])
  })

  it('cannot be bettered by one cycle in one term or in two', () => {
    const random = createRandom(5)
    for (let count = 0; count < 25; count++) {
      const n = 2 + random.integer(3)
      const a = Array.from({ length: n + 2 }, () => Array.from({ length: n }, () => random.normal() + 0.5))
      const b = a.map(() => 10 * random.next())
      const least = Array.from({ length: n }, () => random.integer(2))
      const start = least.map((value) => value + 6 * random.next())
      const found = wholeCycles(problemOf(a, b, least, start), 1)
      const own = squares(a, b, found)
      expect([...found].every((value, at) => Number.isInteger(value) && value >= least[at])).toBe(true)
      const steps = Array.from({ length: 3 ** n }, (_, code) =>
        Array.from({ length: n }, (_value, at) => (Math.floor(code / 3 ** at) % 3) - 1)
      )
      for (const step of steps.filter((one) => one.filter((by) => by !== 0).length <= 2)) {
        const other = [...found].map((value, at) => value + step[at])
        if (other.every((value, at) => value >= least[at]))
          expect(squares(a, b, other)).toBeGreaterThanOrEqual(own - 1e-7)
      }
    }
  })
})
