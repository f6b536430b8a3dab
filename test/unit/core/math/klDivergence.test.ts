import { describe, expect, it } from 'vitest'
import { klDivergence } from '@core/math/klDivergence'
import { logSumExp } from '@core/math/logSumExp'
import { createRandom } from '@core/math/random'

const logSoftmax = (scores: readonly number[]): number[] => {
  const whole = logSumExp(scores)
  return scores.map((score) => score - whole)
}

/** In 64 bits throughout. */
const exact = (p: readonly number[], q: readonly number[]): number =>
  p.reduce((sum, log, at) => sum + Math.exp(log) * (log - q[at]!), 0)

describe('the KL of float32 log-probabilities', () => {
  it('is that of 64 bits, far below the rounding of 32', () => {
    const random = createRandom(7)
    for (const [step, tolerance] of [
      [1, 1e-5],
      [1e-2, 1e-4],
      [1e-4, 1e-2]
    ] as const) {
      for (let trial = 0; trial < 200; trial++) {
        const scores = Array.from({ length: 10 }, () => 3 * random.normal())
        const [p, q] = [logSoftmax(scores), logSoftmax(scores.map((score) => score + step * random.normal()))]
        const { kl, sums } = klDivergence(Float32Array.from(p), Float32Array.from(q), 0, 10)
        const wanted = exact(p, q)
        expect(Math.abs(kl - wanted), `${kl} for ${wanted}`).toBeLessThan(tolerance * wanted + 1e-13)
        for (const sum of sums) expect(sum).toBeCloseTo(1, 6)
      }
    }
  })

  it('is 0 for equal rows, and for rows that rounding alone tells apart', () => {
    const random = createRandom(8)
    for (let trial = 0; trial < 200; trial++) {
      const p = Float32Array.from(logSoftmax(Array.from({ length: 50 }, () => 4 * random.normal())))
      expect(klDivergence(p, p, 0, 50).kl).toBe(0)
      // A unit in the last place up or down.
      const bits = new Int32Array(p.slice().buffer)
      for (let at = 0; at < bits.length; at++) bits[at]! += random.integer(3) - 1
      const kl = klDivergence(p, new Float32Array(bits.buffer), 0, 50).kl
      expect(kl).toBeGreaterThanOrEqual(0)
      expect(kl).toBeLessThan(1e-12)
    }
  })

  it('is 0 for rows that differ by how log_softmax rounds in float32 alone', () => {
    const f = Math.fround
    const rounded = (scores: readonly number[]): Float32Array => {
      const most = Math.max(...scores)
      const sum = scores.reduce((all, score) => f(all + f(Math.exp(f(score - most)))), 0)
      return Float32Array.from(scores, (score) => f(f(score - most) - f(Math.log(sum))))
    }
    const random = createRandom(9)
    let unlike = 0
    for (let trial = 0; trial < 300; trial++) {
      const scores = Array.from({ length: 20 }, () => f(4 * random.normal()))
      const [p, q] = [Float32Array.from(logSoftmax(scores)), rounded(scores)]
      if (p.some((log, at) => log !== q[at])) unlike++
      expect(klDivergence(p, q, 0, 20).kl).toBe(0)
      expect(klDivergence(q, p, 0, 20).kl).toBe(0)
    }
    expect(unlike).toBeGreaterThan(100)
  })

  it('states the bound: 2 u^2 (2 ln 10)^2 for ten equal probabilities, u = 2^-24', () => {
    const row = new Float32Array(10).fill(-Math.LN10)
    expect(klDivergence(row, row, 0, 10).rounding / 1.506890075e-13).toBeCloseTo(1, 6)
  })

  it('counts a probability of 0 in the original as nothing, in the other alone as infinite', () => {
    const half = Math.log(0.5)
    const one = Float32Array.of(9, half, half, -Infinity)
    const other = Float32Array.of(9, Math.log(0.25), Math.log(0.25), half)
    expect(klDivergence(one, other, 1, 3).kl).toBeCloseTo(Math.LN2, 7)
    expect(klDivergence(other, one, 1, 3).kl).toBe(Infinity)
  })
})
