import { describe, expect, it } from 'vitest'
import { concatenate } from '@core/math/concatenate'
import { firstNotBefore } from '@core/math/firstNotBefore'
import { nonNegativeLeastSquares, relativeNnls } from '@core/math/nnls'
import { quantile } from '@core/math/quantile'
import { createRandom } from '@core/math/random'

/** Solution of a small linear system by Gaussian elimination with pivots. */
function solve(matrix: number[][], rhs: number[]): number[] {
  const n = rhs.length
  const rows = matrix.map((row, at) => [...row, rhs[at]!])
  for (let column = 0; column < n; column++) {
    let pivot = column
    for (let row = column; row < n; row++)
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row
    ;[rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!]
    for (let row = 0; row < n; row++) {
      if (row === column) continue
      const factor = rows[row]![column]! / rows[column]![column]!
      for (let at = column; at <= n; at++) rows[row]![at]! -= factor * rows[column]![at]!
    }
  }
  return rows.map((row, at) => row[n]! / row[at]!)
}

/** Least value of x'Gx - 2 h'x over x >= 0, by trying every set of terms. */
function bestOfAllSets(gram: Float64Array, rhs: Float64Array): number[] {
  const n = rhs.length
  let best: { value: number; x: number[] } = { value: 0, x: new Array<number>(n).fill(0) }
  for (let set = 1; set < 1 << n; set++) {
    const members = Array.from({ length: n }, (_, at) => at).filter((at) => (set >> at) % 2 === 1)
    const part = solve(
      members.map((i) => members.map((j) => gram[i * n + j]!)),
      members.map((i) => rhs[i]!)
    )
    if (part.some((value) => value < 0)) continue
    const x = new Array<number>(n).fill(0)
    members.forEach((member, at) => (x[member] = part[at]!))
    let value = 0
    for (let i = 0; i < n; i++) {
      value -= 2 * rhs[i]! * x[i]!
      for (let j = 0; j < n; j++) value += gram[i * n + j]! * x[i]! * x[j]!
    }
    if (value < best.value) best = { value, x }
  }
  return best.x
}

describe('non-negative least squares', () => {
  it('finds the best of all sets of terms', () => {
    const random = createRandom(31)
    let withZeros = 0
    for (let trial = 0; trial < 200; trial++) {
      const n = 1 + random.integer(5)
      const columns = Array.from({ length: n }, () => Array.from({ length: 9 }, () => random.normal()))
      const y = Array.from({ length: 9 }, () => random.normal())
      const dot = (a: number[], b: number[]): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0)
      // Terms of very different sizes, as MACs beside a constant.
      const sizes = columns.map(() => 10 ** (6 * random.next() - 3))
      const scaled = columns.map((column, at) => column.map((value) => value * sizes[at]!))
      const gram = Float64Array.from(scaled.flatMap((a) => scaled.map((b) => dot(a, b))))
      const rhs = Float64Array.from(scaled, (a) => dot(a, y))
      const found = nonNegativeLeastSquares(gram, rhs)
      const wanted = bestOfAllSets(gram, rhs)
      for (let at = 0; at < n; at++)
        expect(found[at]! * sizes[at]!, `trial ${trial}`).toBeCloseTo(wanted[at]! * sizes[at]!, 6)
      if (wanted.some((value) => value === 0)) withZeros++
    }
    expect(withZeros).toBeGreaterThan(50)
  })

  it('meets the optimality conditions on random problems', () => {
    const random = createRandom(4)
    for (let problem = 0; problem < 50; problem++) {
      const n = 5
      const factor = Float64Array.from({ length: 8 * n }, () => random.normal())
      const goal = Float64Array.from({ length: 8 }, () => random.normal())
      const gram = new Float64Array(n * n)
      const rhs = new Float64Array(n)
      for (let row = 0; row < 8; row++) {
        for (let i = 0; i < n; i++) {
          rhs[i]! += factor[row * n + i]! * goal[row]!
          for (let j = 0; j < n; j++) gram[i * n + j]! += factor[row * n + i]! * factor[row * n + j]!
        }
      }
      const x = nonNegativeLeastSquares(gram, rhs)
      for (let i = 0; i < n; i++) {
        let gradient = -rhs[i]!
        for (let j = 0; j < n; j++) gradient += gram[i * n + j]! * x[j]!
        expect(x[i]).toBeGreaterThanOrEqual(0)
        // Karush-Kuhn-Tucker: no descent left, and none pending on used terms.
        expect(gradient).toBeGreaterThan(-1e-6)
        if (x[i]! > 1e-9) expect(Math.abs(gradient)).toBeLessThan(1e-6)
      }
    }
  })

  it('leaves out a term that is zero everywhere, and shares equal terms', () => {
    const [kept, left] = nonNegativeLeastSquares(Float64Array.of(4, 0, 0, 0), Float64Array.of(8, 0))
    expect(kept).toBeCloseTo(2, 9)
    expect(left).toBe(0)
    const [a, b] = nonNegativeLeastSquares(Float64Array.of(1, 1, 1, 1), Float64Array.of(3, 3))
    expect(a! + b!).toBeCloseTo(3, 6)
  })
})

describe('a fit of relative errors', () => {
  const columns = [Float64Array.of(1, 2, 4, 8), Float64Array.of(1, 1, 1, 1)]

  it('finds what made the values, and weighs small and large ones alike', () => {
    const y = columns[0]!.map((value, row) => 3 * value + 5 * columns[1]![row]!)
    const [slope, constant] = relativeNnls(columns, y)
    expect([slope, constant].map((value) => Math.round(1e6 * value!) / 1e6)).toEqual([3, 5])
    // One term: x = sum(t / y) / sum((t / y)^2).
    const [one] = relativeNnls([Float64Array.of(1, 1)], Float64Array.of(1, 100))
    expect(one).toBeCloseTo(1.01 / 1.0001, 9)
  })

  it('finds the coefficients of noiseless terms of very different size', () => {
    const macs = Float64Array.of(1e3, 1e5, 1e7, 2e6, 5e4)
    const one = new Float64Array(5).fill(1)
    const [slope, constant] = relativeNnls(
      [macs, one],
      macs.map((value) => 0.5 * value + 300)
    )
    expect(slope).toBeCloseTo(0.5, 6)
    expect(constant).toBeCloseTo(300, 3)
  })

  it('equals scipy.optimize.nnls on rows divided by their times', () => {
    // SciPy 1.17.1, nnls(terms / times, ones).
    const columns = [
      Float64Array.of(1, 2, 3, 4, 5, 6, 7),
      Float64Array.of(2, 1, 5, 3, 8, 1, 2),
      Float64Array.of(0.5, 1.5, 2.5, 1, 0.2, 4, 3),
      Float64Array.of(4, 3, 1, 0.5, 2, 1, 6)
    ]
    const fitted = relativeNnls(columns, Float64Array.of(3, 2, 9, 5, 14, 4, 9))
    const expected = [0.47935207242254074, 1.2991294870732573, 0, 0]
    expected.forEach((value, at) => expect(fitted[at]).toBeCloseTo(value, 9))
  })

  it('uses the rows and weights that are given', () => {
    const y = Float64Array.of(2, 4, 80, 16)
    expect(relativeNnls([columns[0]!], y, { rows: [0, 1, 3] })[0]).toBeCloseTo(2, 9)
    const weight = Float64Array.of(1, 1, 0, 1)
    expect(relativeNnls([columns[0]!], y, { weight })[0]).toBeCloseTo(2, 9)
    // Ratios t / y are 1/2, 1/2, 1/20, 1/2.
    const [all] = relativeNnls([columns[0]!], y, { weight: Float64Array.of(1, 1, 3, 1) })
    expect(all).toBeCloseTo((1.5 + 3 / 20) / (0.75 + 3 / 400), 9)
  })

  it('is pulled to a prior as if so many rows of its mean said it', () => {
    const y = Float64Array.of(2, 4, 8, 16)
    // Every ratio is 1/2: 4 rows ask for 2, `pull` rows for the prior.
    for (const pull of [1, 4, 12]) {
      const [found] = relativeNnls([columns[0]!], y, { prior: Float64Array.of(6), pull })
      expect(found).toBeCloseTo((4 * 2 + pull * 6) / (4 + pull), 9)
    }
    const stiff = { prior: Float64Array.of(6), pull: 1, pullScale: Float64Array.of(1) }
    // Gram 4 * 1/4 = 1 and one unit of stiffness: the middle.
    expect(relativeNnls([columns[0]!], y, stiff)[0]).toBeCloseTo(4, 9)
    expect(relativeNnls([columns[0]!], y, { prior: Float64Array.of(6), pull: 0 })[0]).toBeCloseTo(2, 9)
  })
})

describe('small functions on columns', () => {
  it('the first not before a bound is what a walk finds', () => {
    const times = [0, 1, 1, 1, 4, 9]
    for (const bound of [-1, 0, 0.5, 1, 2, 4, 9, 10]) {
      const walked = times.findIndex((time) => time >= bound)
      expect(firstNotBefore(times, bound)).toBe(walked < 0 ? times.length : walked)
    }
    expect(firstNotBefore([], 3)).toBe(0)
  })

  it('parts are joined in order', () => {
    const parts = [Float64Array.of(1, 2), new Float64Array(0), Float64Array.of(3)]
    expect(Array.from(concatenate(parts))).toEqual([1, 2, 3])
  })

  it('quantiles are those of numpy.quantile', () => {
    const sorted = [1, 3, 4, 10]
    expect([0, 0.1, 0.25, 0.5, 0.9, 1].map((at) => Number(quantile(sorted, at).toFixed(9)))).toEqual([
      1, 1.6, 2.5, 3.5, 8.2, 10
    ])
    expect([quantile(sorted, -1), quantile(sorted, 2), quantile([7], 0.3)]).toEqual([1, 10, 7])
    expect(quantile([], 0.5)).toBeNaN()
  })
})
