import { describe, expect, it } from 'vitest'
import { clockOffsetOf } from '@core/remote/clockOffset'
import { createRandom } from '@core/math/random'

describe('offset of a far clock', () => {
  it('is that of the shortest exchange', () => {
    const exchanges = [
      { sentMs: 0, farMs: 1090, receivedMs: 100 },
      { sentMs: 200, farMs: 1205, receivedMs: 210 }
    ]
    // 1205 - 205; (10 + 1) / 2 + 1.
    expect(clockOffsetOf(exchanges)).toEqual({ offsetMs: 1000, uncertaintyMs: 6.5 })
  })
  it('is unknown without an exchange that makes sense', () => {
    expect(clockOffsetOf([])).toBeNull()
    expect(clockOffsetOf([{ sentMs: 5, farMs: 5, receivedMs: 4 }])).toBeNull()
    expect(clockOffsetOf([{ sentMs: 5, farMs: NaN, receivedMs: 6 }])).toBeNull()
  })
  it('bounds the true offset whatever the ways took', () => {
    const random = createRandom(7)
    for (let trial = 0; trial < 2000; trial++) {
      const trueOffset = (random.next() - 0.5) * 1e4
      const exchanges = Array.from({ length: 4 }, () => {
        const sent = random.next() * 1e6
        const there = sent + random.next() * 30
        const back = there + random.next() * 30
        return {
          sentMs: Math.floor(sent),
          farMs: Math.floor(there + trueOffset),
          receivedMs: Math.floor(back)
        }
      })
      const { offsetMs, uncertaintyMs } = clockOffsetOf(exchanges)!
      expect(Math.abs(offsetMs - trueOffset)).toBeLessThanOrEqual(uncertaintyMs)
    }
  })
})
