import { describe, expect, it } from 'vitest'
import { createSampleClock } from '@core/gpu/sampleClock'
import { createRandom } from '@core/math/random'

const hourMs = 3_600_000

/** True times on a 100 ms grid, wall stamps shifted by `wallShift`, arrivals delayed by `delay`. */
function placeAll(count: number, wallShift: (at: number) => number, delay: (at: number) => number) {
  const clock = createSampleClock()
  const placed = Array.from({ length: count }, (_, at) => {
    const trueMs = 1_000_000 + at * 100
    return { trueMs, tMs: clock.place(0, trueMs + wallShift(at), trueMs + delay(at)) }
  })
  return { clock, placed }
}

const worstErrorMs = (placed: { trueMs: number; tMs: number }[], from = 0): number =>
  Math.max(...placed.slice(from).map(({ trueMs, tMs }) => Math.abs(tMs - trueMs)))

describe('createSampleClock', () => {
  it('recovers even spacing from lines that arrive in bursts', () => {
    // A pipe that fills 2 s of lines before it is read.
    const { clock, placed } = placeAll(
      400,
      () => 777_000,
      (at) => (19 - (at % 20)) * 100 + 5
    )
    expect(clock.jumps).toBe(0)
    expect(worstErrorMs(placed, 20)).toBeLessThan(10)
  })

  it.each([
    ['summer time begins', hourMs],
    ['summer time ends', -hourMs],
    ['a half-hour zone', -hourMs / 2],
    ['a small step back', -5_000],
    ['a small step ahead', 5_000]
  ])('is not moved when %s', (_name, stepMs) => {
    const random = createRandom(1)
    const { clock, placed } = placeAll(
      600,
      (at) => (at < 300 ? 0 : stepMs),
      () => 2 + random.next() * 3
    )
    expect(clock.jumps).toBe(1)
    expect(worstErrorMs(placed)).toBeLessThan(20)
  })

  it('never runs backwards, not even over repeated jumps', () => {
    const random = createRandom(5)
    const { placed } = placeAll(
      2000,
      (at) => (Math.floor(at / 50) % 3) * 1800_000,
      () => random.next() * 400
    )
    for (let at = 1; at < placed.length; at++)
      expect(placed[at]!.tMs).toBeGreaterThanOrEqual(placed[at - 1]!.tMs)
  })

  it('follows a wall clock that NTP slews by 500 ppm', () => {
    const { clock, placed } = placeAll(
      36_000,
      (at) => -at * 100 * 500e-6,
      () => 3
    )
    expect(clock.jumps).toBe(0)
    expect(worstErrorMs(placed)).toBeLessThan(10)
  })

  it('takes the arrival where there is no stamp', () => {
    expect(createSampleClock().place(0, null, 1234)).toBe(1234)
  })

  it('sets its offset anew for a new process', () => {
    const clock = createSampleClock()
    clock.place(0, 5_000, 10_000)
    clock.restart()
    expect(clock.place(0, 2_000, 11_000)).toBe(11_000)
    expect(clock.jumps).toBe(0)
  })
})
