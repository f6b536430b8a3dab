import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createJobSlots } from '@main/worker/jobSlots'

/** A queue that notes whether it is read. */
function queue() {
  const own = { isHalted: false, halts: 0 }
  return {
    own,
    halt: (): void => {
      own.isHalted = true
      own.halts++
    },
    resume: (): void => void (own.isHalted = false)
  }
}

describe('slots of a worker that reads several queues', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('are as many as were given; a queue that finds none is halted once', () => {
    const slots = createJobSlots(2)
    const [one, other] = [queue(), queue()]
    expect([slots.take(one), slots.take(other)]).toEqual([expect.any(Function), expect.any(Function)])
    expect([slots.take(one), slots.take(one)]).toEqual([null, null])
    expect([one.own, other.own]).toEqual([
      { isHalted: true, halts: 1 },
      { isHalted: false, halts: 0 }
    ])
  })

  it('that become free belong to the queue that was turned away first, and then to the next', () => {
    const slots = createJobSlots(1)
    const [first, second, third] = [queue(), queue(), queue()]
    const leave = slots.take(first)!
    expect([slots.take(second), slots.take(third)]).toEqual([null, null])
    leave()
    expect([second.own.isHalted, third.own.isHalted]).toEqual([false, true])
    // Kept for the second: the first is turned away now.
    expect(slots.take(first)).toBeNull()
    const leaveSecond = slots.take(second)!
    leaveSecond()
    expect([third.own.isHalted, first.own.isHalted]).toEqual([false, true])
    slots.take(third)!()
    expect(first.own.isHalted).toBe(false)
  })

  it('are kept for a second, and go on where the queue has no job any more', () => {
    const slots = createJobSlots(1)
    const [first, second] = [queue(), queue()]
    const leave = slots.take(first)!
    slots.take(second)
    leave()
    vi.advanceTimersByTime(999)
    expect(slots.take(first)).toBeNull()
    vi.advanceTimersByTime(1)
    // The second one's time is over: the first, turned away just now, is next.
    expect(first.own.isHalted).toBe(false)
    expect(slots.take(first)).not.toBeNull()
  })

  it('that nobody waits for are free again, once for each taking', () => {
    const slots = createJobSlots(1)
    const [first, second] = [queue(), queue()]
    const leave = slots.take(first)!
    leave()
    leave()
    expect(slots.take(first)).not.toBeNull()
    expect(slots.take(second)).toBeNull()
  })

  it('taken in time are not given away when the second is over', () => {
    const slots = createJobSlots(1)
    const [first, second, third] = [queue(), queue(), queue()]
    const leave = slots.take(first)!
    slots.take(second)
    leave()
    expect(slots.take(second)).not.toBeNull()
    slots.take(third)
    vi.advanceTimersByTime(5_000)
    expect(third.own.isHalted).toBe(true)
  })
})
