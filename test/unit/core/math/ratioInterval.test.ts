import { describe, expect, it } from 'vitest'
import { ratioInterval } from '@core/math/ratioInterval'

describe('the interval of a mean over batches', () => {
  it('is that of the ratio estimator, by hand, with Student’s quantile of SciPy', () => {
    // 262 over 40 items; residuals -4.8, 5.2 and -0.4: 50.24; error sqrt(3 / 2 * 50.24) / 40; t(0.975, 2) = 4.302652729749.
    const found = ratioInterval([100, 110, 52], [16, 16, 8], 0.95)!
    expect(found.mean).toBeCloseTo(6.55, 12)
    expect(found.high - found.mean).toBeCloseTo(4.302652729749 * 0.21702534414210706, 9)
    expect(found.mean - found.low).toBeCloseTo(found.high - found.mean, 12)
  })

  it('has no width where every item costs the same, and is none for one batch', () => {
    expect(ratioInterval([48, 48, 24], [16, 16, 8], 0.95)).toEqual({ mean: 3, low: 3, high: 3 })
    expect(ratioInterval([48], [16], 0.95)).toBeNull()
  })
})
