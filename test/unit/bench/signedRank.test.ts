import { describe, expect, it } from 'vitest'
import { signedRankInterval } from '../../../bench/sampling/signedRank'

describe('signedRankInterval', () => {
  it('gives the estimate and interval that SciPy has', () => {
    // Hollander and Wolfe's depression scores; the interval by turning scipy.stats.wilcoxon(method="exact") round.
    const [before, after] = [
      [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3],
      [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    ]
    const found = signedRankInterval(
      before!.map((value, at) => value - after![at]!),
      0.95
    )
    expect(found.median).toBeCloseTo(0.46, 9)
    expect(found.low).toBeCloseTo(0.01, 9)
    expect(found.high).toBeCloseTo(0.786, 9)
    // 1 - 2 x 10 / 512: ten choices of the ranks 1 to 9 add up to at most 5.
    expect(found.coverage).toBeCloseTo(1 - 20 / 512, 12)
  })

  it('is hardly moved by two disturbed rounds of twelve', () => {
    // Drawn around 1.002 with NumPy; the fourth and the eighth are disturbed, and their mean is 1.0099.
    const ratios = [0.9996, 0.998, 1.0013, 1.2, 1.0054, 1.0023, 1.0003, 0.9, 1.0042, 1.0069, 1.0028, 0.9983]
    const { median, low, high } = signedRankInterval(ratios, 0.95)
    expect(median).toBeCloseTo(1.001875, 9)
    expect(low).toBeCloseTo(0.9983, 9)
    expect(high).toBeCloseTo(1.00615, 9)
  })

  it('takes all that few values give', () => {
    expect(signedRankInterval([2], 0.95)).toEqual({ median: 2, low: 2, high: 2, coverage: 0 })
    expect(signedRankInterval([1, 3], 0.95)).toEqual({ median: 2, low: 1, high: 3, coverage: 0.5 })
  })
})
