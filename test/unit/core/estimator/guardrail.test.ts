import { describe, expect, it } from 'vitest'
import {
  analyseGuardrail,
  budgetAt,
  filterByBudget,
  judgeGuardrail,
  verdictOf
} from '@core/estimator/guard/guardrail'

const total = (totalMs: number, lowMs = totalMs, highMs = totalMs) => ({ totalMs, lowMs, highMs })

describe('budget guardrail', () => {
  it('accepts what stays within the budget with its margin', () => {
    expect(Array.from(filterByBudget(Float64Array.of(90, 91, 50, 100), 100))).toEqual([0, 2])
    expect(Array.from(filterByBudget(Float64Array.of(90, 91, 50, 100), 100, 1))).toEqual([0, 1, 2, 3])
    expect(() => filterByBudget(Float64Array.of(1), 0)).toThrow(/not a time/)
  })

  it('asks for a measurement where the interval straddles the budget', () => {
    const rule = { kind: 'interval' } as const
    expect(verdictOf(total(80, 70, 90), 100, rule)).toBe('accept')
    expect(verdictOf(total(95, 85, 105), 100, rule)).toBe('measure')
    expect(verdictOf(total(120, 110, 130), 100, rule)).toBe('reject')
  })

  it('counts violations, false rejects and false accepts as computed by hand', () => {
    const predicted = [80, 95, 90, 120].map((value) => total(value))
    const measured = Float64Array.of(85, 90, 110, 130)
    expect(judgeGuardrail(predicted, measured, 100, { kind: 'margin', margin: 1.1 })).toEqual({
      candidates: 4,
      accepted: 2,
      measureShare: 0,
      violationsWithout: 0.5,
      violationsWith: 0.5,
      falseReject: 0.5,
      falseAccept: 0.5
    })
    const none = judgeGuardrail(predicted, measured, 10, { kind: 'margin', margin: 1 })
    expect(none).toMatchObject({ accepted: 0, violationsWith: null, falseReject: null, falseAccept: 0 })
  })

  it('the budget is a fraction of the 90th percentile of measured totals', () => {
    const measured = Float64Array.from({ length: 11 }, (_, at) => 10 * at)
    expect(budgetAt(measured, 0.5)).toBeCloseTo(45, 9)
  })

  it('a larger margin never accepts more', () => {
    const predicted = Array.from({ length: 200 }, (_, at) => total(50 + at, 45 + at, 55 + at))
    const measured = Float64Array.from({ length: 200 }, (_, at) => 50 + at + 10 * Math.sin(at))
    const { byFraction, tradeOff } = analyseGuardrail(predicted, measured)
    expect(byFraction.map((one) => one.fraction)).toEqual([0.5, 0.7, 0.85, 1])
    tradeOff.margins.slice(1).forEach((one, at) => {
      expect(one.accepted).toBeLessThanOrEqual(tradeOff.margins[at]?.accepted ?? 0)
      expect(one.falseReject ?? 0).toBeGreaterThanOrEqual(tradeOff.margins[at]?.falseReject ?? 0)
    })
    for (const one of byFraction)
      expect(one.margin.violationsWith ?? 0).toBeLessThanOrEqual(one.margin.violationsWithout)
  })
})
