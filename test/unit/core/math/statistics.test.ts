import { describe, expect, it } from 'vitest'
import { intervalOf } from '@core/energy/interval'
import { mean } from '@core/math/mean'
import { studentTDistribution, studentTQuantile } from '@core/math/studentT'
import { createRandom } from '@core/math/random'

describe('mean', () => {
  it('is the sum by the number of values, and of none no number', () => {
    expect(mean([2, -1, 8])).toBe(3)
    expect(mean([])).toBeNaN()
  })
})

describe('studentTQuantile', () => {
  // Two-sided 95 % and 99 % points of the printed tables (NIST/SEMATECH e-Handbook of Statistical Methods 1.3.6.7.2).
  it.each([
    [0.975, 1, 12.706],
    [0.975, 2, 4.303],
    [0.975, 3, 3.182],
    [0.975, 10, 2.228],
    [0.975, 30, 2.042],
    [0.975, 100, 1.984],
    [0.995, 4, 4.604],
    [0.95, 5, 2.015]
  ])('p %d with %d degrees is %d', (probability, degrees, value) => {
    expect(studentTQuantile(probability, degrees)).toBeCloseTo(value, 3)
  })
  it('is odd, and undoes the distribution', () => {
    expect(studentTQuantile(0.1, 7)).toBeCloseTo(-studentTQuantile(0.9, 7), 9)
    for (const p of [0.51, 0.6, 0.8, 0.999])
      expect(studentTDistribution(studentTQuantile(p, 6), 6)).toBeCloseTo(p, 9)
    expect(studentTQuantile(0.5, 3)).toBe(0)
  })
  it('refuses what has no answer', () => {
    expect(() => studentTQuantile(1, 3)).toThrow(RangeError)
    expect(() => studentTQuantile(0.9, 0)).toThrow(RangeError)
  })
})

describe('intervalOf', () => {
  it('is null for one trial', () => {
    expect(intervalOf([5], 0.95)).toBeNull()
  })
  it('follows the textbook formula', () => {
    const interval = intervalOf([10, 12, 14], 0.95)!
    expect(interval.mean).toBe(12)
    expect(interval.standardDeviation).toBeCloseTo(2)
    expect(interval.high - interval.mean).toBeCloseTo((4.3027 * 2) / Math.sqrt(3), 3)
  })
  it('covers the true mean as often as it says', () => {
    const random = createRandom(11)
    let covered = 0
    const rounds = 4000
    for (let i = 0; i < rounds; i++) {
      const { low, high } = intervalOf(
        [0, 0, 0, 0].map(() => 100 + 3 * random.normal()),
        0.9
      )!
      if (low <= 100 && 100 <= high) covered++
    }
    // Three standard errors of a proportion of 0.9 over 4000 rounds.
    expect(Math.abs(covered / rounds - 0.9)).toBeLessThan(3 * Math.sqrt(0.09 / rounds))
  })
})
