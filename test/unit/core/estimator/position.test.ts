import { describe, expect, it } from 'vitest'
import { fitPositionEffect, positionFactor } from '@core/estimator/fit/position'
import type { StageTable } from '@core/estimator/samples/stageTable'

const fit = (...rows: (readonly number[] | null)[]) =>
  fitPositionEffect({ decodePerTokenMs: rows } as unknown as StageTable)
/** Eight tokens around 10 ms that grow by this share of it a token. */
const growing = (slope: number): number[] =>
  Array.from({ length: 8 }, (_, at) => 10 * (1 + slope * (at - 3.5)))

describe('decode time by position', () => {
  it('is the mean of the slopes of rows with at least eight tokens', () => {
    const effect = fit(growing(0.029), null, growing(0.03), growing(0.031), growing(0.5).slice(0, 7))
    expect(effect).toMatchObject({ identifiable: true, rows: 3 })
    expect(effect.slope).toBeCloseTo(0.03, 12)
    // Student's t of 2 degrees of freedom at 99 % is 9.9248; the deviation of the mean 0.001 / sqrt(3).
    expect(effect.high! - 0.03).toBeCloseTo((9.9248 * 0.001) / Math.sqrt(3), 6)
    expect(0.03 - effect.low!).toBeCloseTo((9.9248 * 0.001) / Math.sqrt(3), 6)
  })

  it('is none where the interval holds 0, and says what was fitted', () => {
    const effect = fit(growing(-0.01), growing(0.01), growing(0.03))
    expect(effect.slope).toBe(0)
    expect(effect.fittedSlope).toBeCloseTo(0.01, 12)
    // Falling times count as well as growing ones.
    expect(fit(growing(-0.02), growing(-0.02), growing(-0.0201)).slope).toBeCloseTo(-0.0200333, 6)
  })

  it('is not known from two rows', () => {
    expect(fit(growing(0.1), growing(0.1))).toEqual({
      ...{ identifiable: false, rows: 2, slope: 0, fittedSlope: null, low: null, high: null }
    })
  })

  it('gives factors around the middle token that add up to the tokens, none below a twentieth', () => {
    const effect = { slope: 0.1 } as Parameters<typeof positionFactor>[0]
    expect([1, 2, 3].map((position) => positionFactor(effect, position, 3))).toEqual([0.9, 1, 1.1])
    expect(positionFactor(effect, 1, 2)).toBeCloseTo(0.95, 12)
    expect(positionFactor(effect, 1, 100)).toBe(0.05)
  })
})
