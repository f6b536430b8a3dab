import { describe, expect, it } from 'vitest'
import { createMarkDelay } from '@main/workload/measure/markDelay'

describe('delay of marks', () => {
  it('is what a mark came later than the promptest one', () => {
    let nowMs = 5_000
    const { lateOf } = createMarkDelay(() => nowMs)
    // The clock of the runner began 4,000 ms before this one.
    expect(lateOf(9_000e6)).toBe(0)
    nowMs = 6_250
    // A thousandth of the time between is left to clocks that drift apart.
    expect(lateOf(10_000e6)).toBeCloseTo(250 - 1.25, 6)
    nowMs = 6_990
    // One that came sooner: from now on it is the measure.
    expect(lateOf(11_000e6)).toBe(0)
    nowMs = 8_000
    expect(lateOf(12_000e6)).toBeCloseTo(10 - 1.01, 6)
    expect(lateOf(undefined)).toBe(0)
  })

  it('follows the clock of another host that runs slower', () => {
    let nowMs = 0
    const { lateOf } = createMarkDelay(() => nowMs)
    let largest = 0
    for (let at = 0; at < 3_600; at++) {
      nowMs = at * 1_000
      largest = Math.max(largest, lateOf(nowMs * (1 - 500e-6) * 1e6))
    }
    // Without it an hour would date the last marks 1.8 s early.
    expect(largest).toBeLessThan(1)
  })

  it('is nothing for a clock that was set back, forth, or stands still', () => {
    let nowMs = 1_000
    const { lateOf, requested } = createMarkDelay(() => nowMs)
    const after = (ms: number, ns: number): number => {
      nowMs += ms
      return lateOf(ns)
    }
    expect(after(0, 5_000e6)).toBe(0)
    // Back by an hour in the middle of a phase: it cannot end before it began.
    expect(after(2_000, 7_000e6 - 3_600e9)).toBe(0)
    expect(after(2_000, 9_000e6 - 3_600e9)).toBe(0)
    expect(after(2_000, 11_000e6)).toBe(0)
    // Back by 10 s where nothing was marked for a minute: it cannot begin before it was requested.
    nowMs += 60_000
    requested()
    expect(after(50, 61_050e6)).toBe(0)
    expect(after(2_000, 63_050e6)).toBe(0)
    // Stands still: the second of two marks is at most as old as the first.
    requested()
    expect(after(10, 63_060e6)).toBe(0)
    expect(after(2_000, 63_060e6)).toBeLessThanOrEqual(2_001)
    requested()
    expect(after(10, 63_060e6)).toBe(0)
  })
})
