import { describe, expect, it } from 'vitest'
import { createSlots } from '@main/worker/queue/queueConsumer'

/** Whether a promise has resolved by now. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  await new Promise(setImmediate)
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending
}

describe('slots of jobs on the queue', () => {
  it('are given first come first served', async () => {
    const slots = createSlots(2)
    const [one, other] = [await slots.take(), await slots.take()]
    const [third, fourth] = [slots.take(), slots.take()]
    expect([await isOpen(third), await isOpen(fourth)]).toEqual([false, false])
    one()
    expect([await isOpen(third), await isOpen(fourth)]).toEqual([true, false])
    ;(await third)()
    expect(await isOpen(fourth)).toBe(true)
    other()
    ;(await fourth)()
    // Both are free again, and no more than both.
    const later = [slots.take(), slots.take(), slots.take()]
    expect(await Promise.all(later.map(isOpen))).toEqual([true, true, false])
  })

  it('are not taken by one who was aborted, who waits no longer', async () => {
    const slots = createSlots(1)
    const early = await slots.take(AbortSignal.abort())
    early()
    const leave = await slots.take()
    const stop = new AbortController()
    const waiting = slots.take(stop.signal)
    const next = slots.take()
    stop.abort()
    expect([await isOpen(waiting), await isOpen(next)]).toEqual([true, false])
    ;(await waiting)()
    expect(await isOpen(next)).toBe(false)
    leave()
    expect(await isOpen(next)).toBe(true)
  })

  it('stay with one who is aborted after it has entered', async () => {
    const slots = createSlots(1)
    const first = await slots.take()
    const stop = new AbortController()
    const second = slots.take(stop.signal)
    first()
    expect(await isOpen(second)).toBe(true)
    stop.abort()
    expect(await isOpen(slots.take())).toBe(false)
  })
})
