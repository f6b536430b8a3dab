import { describe, expect, it } from 'vitest'
import { createMarkDelay } from '@main/workload/markDelay'

describe('delay of marks', () => {
  it('is what a mark came later than the promptest one', () => {
    let nowMs = 5_000
    const lateOf = createMarkDelay(() => nowMs)
    // The clock of the runner began 4,000 ms before this one.
    expect(lateOf(9_000e6)).toBe(0)
    nowMs = 6_250
    expect(lateOf(10_000e6)).toBe(250)
    nowMs = 6_990
    // One that came sooner: from now on it is the measure.
    expect(lateOf(11_000e6)).toBe(0)
    nowMs = 8_000
    expect(lateOf(12_000e6)).toBe(10)
    expect(lateOf(undefined)).toBe(0)
  })
})
