import type * as ort from 'onnxruntime-node'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTimedLoop } from '@main/workload/runner/timedLoop'
import { createPhases } from '@main/workload/runner/printer'
import { printed } from './runnerNetwork'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

/** A session whose turns take so many ms each, the later ones `faster` times less. */
function loopOf(turnMs: number, faster = 1) {
  const turns: number[] = []
  let each = turnMs
  const session = {
    run: (feeds: Record<string, ort.Tensor>) => {
      const [count] = Object.values(feeds).filter(({ type }) => type === 'int64')
      turns.push(Number((count!.data as BigInt64Array)[0]))
      vi.advanceTimersByTime(turns.at(-1)! * each)
      return Promise.resolve({})
    }
  }
  const { print, events } = printed()
  const phases = createPhases({}, (event) => {
    print(event)
    if (event['state'] === 'begin') each = turnMs / faster
  })
  const loop = createTimedLoop(session as unknown as ort.InferenceSession, {}, 3, phases, { copies: 3 })
  return { loop, turns, events }
}

describe('a network in a loop', () => {
  it('warms up until a call takes a third of the time, at most 200 ms, then runs for the time in one call', async () => {
    const { loop, turns, events } = loopOf(1)
    await loop.run('a', 300)
    // 1 ms of 100; ten times that; then 1.2 times what is missing, at most ten times.
    expect(turns).toEqual([1, 10, 100, 300])
    expect(events[1]).toMatchObject({ name: 'a', state: 'end', repetitions: 900, copies: 3 })
  })

  it('aims a fifth above the least time when it is near', async () => {
    const { loop, turns } = loopOf(50)
    await loop.run('a', 300)
    // 1.2 · 100 / 50 is 2.4: three turns take 150 ms.
    expect(turns).toEqual([1, 3, 6])
  })

  it('stops warming up at 200 ms', async () => {
    const { loop, turns } = loopOf(200)
    await loop.run('a', 2000)
    expect(turns).toEqual([1, 10])
  })

  it('adds what is missing where the machine became faster, in calls of a tenth of the time at least', async () => {
    const { loop, turns, events } = loopOf(100, 2)
    await loop.run('a', 300)
    // Three turns take 150 ms now, the next two 75 rounded up to 2 turns and 100 ms, and so on.
    expect(turns).toEqual([1, 3, 2, 1])
    expect(events[1]).toMatchObject({ repetitions: 18 })
  })
})
