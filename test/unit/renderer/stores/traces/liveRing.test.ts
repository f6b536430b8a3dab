import { describe, expect, it } from 'vitest'
import { createLiveRing } from '@renderer/stores/traces/liveRing'

describe('live ring', () => {
  it('keeps the newest readings in order of time', () => {
    const ring = createLiveRing(4)
    for (let at = 0; at < 7; at++) ring.push(at, at * 10)
    expect([...ring.read().timesMs]).toEqual([3, 4, 5, 6])
    expect([...ring.read().values]).toEqual([30, 40, 50, 60])
  })

  it('reads what there is before it is full, and a missing reading as a gap', () => {
    const ring = createLiveRing(4)
    ring.push(1, 5)
    ring.push(2, null)
    expect([...ring.read().values]).toEqual([5, Number.NaN])
    ring.clear()
    expect(ring.read().timesMs).toHaveLength(0)
  })
})
