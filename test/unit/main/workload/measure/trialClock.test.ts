import { describe, expect, it } from 'vitest'
import { requireSteadyClock, StepFailure } from '@main/workload/measure/trial'
import type { RunnerEvent } from '@shared/contract/workload/workloadProtocol'

const id = 'layer:a'
const events = (beginNs: number | undefined, endNs: number | undefined): RunnerEvent[] => [
  { event: 'phase', name: id, state: 'begin', ...(beginNs !== undefined && { ns: beginNs }) },
  { event: 'phase', name: id, state: 'end', repetitions: 5, ...(endNs !== undefined && { ns: endNs }) }
]
const check = (found: RunnerEvent[]) => (): void =>
  requireSteadyClock(id, found, { phaseMs: 2_000, tookMs: 3_500 })

describe('the clock of a runner', () => {
  it('may begin anywhere, and be left out', () => {
    expect(check(events(7e15, 7e15 + 2_000e6))).not.toThrow()
    expect(check(events(0, 3_400e6))).not.toThrow()
    expect(check(events(undefined, undefined))).not.toThrow()
    expect(check(events(0, 1e6).map((event) => ({ ...event, name: 'layer:b' })))).not.toThrow()
  })
  it.each([
    ['stands still', 1_000, 1_000, /lasted 0 µs; 2 s were requested and the step took 3.5 s/],
    ['was set back', 3_600e9, 2_000e6, /lasted 0 µs/],
    ['was set forth', 0, 3_600e9, /lasted 1 h 00 min/],
    ['counts microseconds', 5e6, 7e6, /lasted 2 ms; 2 s were requested/]
  ])('fails the step when it %s', (_what, beginNs, endNs, message) => {
    expect(check(events(beginNs, endNs))).toThrow(message)
    expect(check(events(beginNs, endNs))).toThrow(StepFailure)
  })
})
