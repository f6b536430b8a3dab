import { describe, expect, it } from 'vitest'
import {
  correlationInterval,
  correlationP,
  midRanks,
  pearson,
  spearman,
  spearmanP
} from '@core/math/correlation'
import { createRandom } from '@core/math/random'

// Reference values: scipy 1.17.1, stats.pearsonr and stats.spearmanr.
const a = [3.1, 2.4, 8.8, 1.2, 9.9, 4.4, 7.3, 0.5, 6.2, 5.1, 2.2, 7.9]
const b = [0.42, 0.51, 0.05, 0.77, 0.13, 0.3, 0.31, 0.64, 0.09, 0.44, 0.48, 0.12]
const tiesA = [1, 2, 2, 3, 5, 5, 5, 8, 9, 9]
const tiesB = [2, 1, 4, 3, 3, 7, 6, 6, 9, 8]

describe('correlations', () => {
  it('equal scipy, also with ties', () => {
    expect(pearson(a, b)).toBeCloseTo(-0.8980039794222802, 12)
    expect(spearman(a, b)).toBeCloseTo(-0.8741258741258742, 12)
    expect(pearson(tiesA, tiesB)).toBeCloseTo(0.8650272703851491, 12)
    expect(spearman(tiesA, tiesB)).toBeCloseTo(0.8572089998126943, 12)
    expect([...midRanks(tiesA)]).toEqual([1, 2.5, 2.5, 4, 6, 6, 6, 8, 9.5, 9.5])
    expect([...midRanks([3, 1, 3, Infinity])]).toEqual([2.5, 1, 2.5, 4])
    expect([...midRanks([Infinity, 1, Infinity])]).toEqual([2.5, 1, 2.5])
  })

  it('have the p of scipy', () => {
    expect(correlationP(pearson(a, b)!, 12)! / 7.309242258265496e-5).toBeCloseTo(1, 8)
    expect(spearmanP(a, b)! / 0.00020071307332423182).toBeCloseTo(1, 8)
    expect(correlationP(pearson(tiesA, tiesB)!, 10)! / 0.0012297819398857024).toBeCloseTo(1, 8)
    expect(correlationP(0, 12)).toBeCloseTo(1, 12)
    expect(correlationP(1, 12)).toBe(0)
    expect(correlationP(0.9, 2)).toBeNull()
  })

  it('count all orders for few rows: 42 of 720 are as extreme', () => {
    expect(spearmanP([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])).toBeCloseTo(42 / 720, 12)
    // Perfect agreement of four rows proves little: both perfect orders of 24.
    expect(spearmanP([1, 2, 3, 4], [1, 2, 3, 4])).toBeCloseTo(2 / 24, 12)
    expect(spearmanP([1, 2], [1, 2])).toBeNull()
  })

  it('are unavailable where a side does not vary', () => {
    expect(pearson([1, 1, 1], [1, 2, 3])).toBeNull()
    expect(pearson([0.1 + 0.2, 0.3, 0.3], [1, 2, 3])).toBeNull()
    expect(spearman([1, 2, 3], [4, 4, 4])).toBeNull()
  })

  it('do not change when a side is scaled, shifted or, for ranks, bent', () => {
    const random = createRandom(5)
    const x = Array.from({ length: 30 }, () => random.normal())
    const y = x.map((value) => value + random.normal())
    const moved = y.map((value) => 1e9 + 3 * value)
    expect(pearson(x, moved)).toBeCloseTo(pearson(x, y)!, 6)
    expect(spearman(x, y.map(Math.exp))).toBeCloseTo(spearman(x, y)!, 12)
    expect(
      pearson(
        x,
        y.map((value) => -value)
      )
    ).toBeCloseTo(-pearson(x, y)!, 12)
  })
})

describe('correlationInterval', () => {
  it('is that of a bootstrap in numpy (20,000 draws), within the noise of the draws', () => {
    const [low, high] = correlationInterval(pearson, a, b, 0.95, 1)!
    expect(low).toBeCloseTo(-0.963, 1)
    expect(high).toBeCloseTo(-0.789, 1)
    const ranks = correlationInterval(spearman, a, b, 0.95, 1)!
    expect(ranks[0]).toBeCloseTo(-0.971, 1)
    expect(Math.abs(ranks[1] + 0.564)).toBeLessThan(0.04)
  })

  it('is the same for the same seed and needs five rows that vary', () => {
    expect(correlationInterval(pearson, a, b, 0.9, 7)).toEqual(correlationInterval(pearson, a, b, 0.9, 7))
    expect(correlationInterval(pearson, [1, 2, 3, 4], [1, 2, 3, 5], 0.95, 1)).toBeNull()
    expect(correlationInterval(pearson, [1, 1, 1, 1, 1], [1, 2, 3, 4, 5], 0.95, 1)).toBeNull()
  })

  it('covers a true correlation about as often as it says', () => {
    const random = createRandom(11)
    let covered = 0
    for (let trial = 0; trial < 60; trial++) {
      const x = Array.from({ length: 60 }, () => random.normal())
      const y = x.map((value) => 0.6 * value + 0.8 * random.normal())
      const [low, high] = correlationInterval(pearson, x, y, 0.9, trial)!
      if (low <= 0.6 && high >= 0.6) covered++
    }
    expect(covered / 60).toBeGreaterThan(0.75)
  })
})
