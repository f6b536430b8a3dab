import { describe, expect, it } from 'vitest'
import { createJoinedCalls } from '@main/worker/joinedCalls'

/** Calls that end when they are told to; `seen`: their signals in the order in which they began. */
function bench() {
  const calls = createJoinedCalls()
  const seen: AbortSignal[] = []
  const ends: ((value: unknown) => void)[] = []
  const start = (signal: AbortSignal): Promise<unknown> => {
    seen.push(signal)
    return new Promise((resolve) => ends.push(resolve))
  }
  return { calls, seen, ends, start }
}

describe('equal calls', () => {
  it('run once and give everyone the result; another key, or a later call, runs anew', async () => {
    const { calls, seen, ends, start } = bench()
    const both = [calls.run('a', start), calls.run('a', start)]
    const other = calls.run('b', start)
    expect([seen.length, calls.count()]).toEqual([2, 2])
    ends[0](1)
    ends[1](2)
    expect(await Promise.all([...both, other])).toEqual([1, 1, 2])
    expect(calls.count()).toBe(0)
    void calls.run('a', start)
    expect(seen).toHaveLength(3)
  })

  it('are stopped when the last who waits is aborted, not before', async () => {
    const { calls, seen, start } = bench()
    const [one, other] = [new AbortController(), new AbortController()]
    const both = [calls.run('a', start, one.signal), calls.run('a', start, other.signal)]
    one.abort()
    await expect(both[0]).rejects.toMatchObject({ code: 'job.cancelled' })
    expect([seen[0].aborted, calls.count()]).toEqual([false, 1])
    other.abort()
    await expect(both[1]).rejects.toMatchObject({ code: 'job.cancelled' })
    expect([seen[0].aborted, calls.count()]).toEqual([true, 0])
    // The one that was stopped and has not ended yet is not joined.
    void calls.run('a', start)
    expect(seen).toHaveLength(2)
  })

  it('of one who is aborted already do not begin', async () => {
    const { calls, seen, start } = bench()
    await expect(calls.run('a', start, AbortSignal.abort())).rejects.toMatchObject({ code: 'job.cancelled' })
    expect([seen.length, calls.count()]).toEqual([0, 0])
  })

  it('pass their error on to all, and may be stopped together', async () => {
    const { calls, seen, start } = bench()
    const fail = (): Promise<never> => Promise.reject(new Error('no luck'))
    const both = await Promise.allSettled([calls.run('a', fail), calls.run('a', fail)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    void calls.run('b', start)
    void calls.run('c', start)
    calls.stop()
    expect(seen.map(({ aborted }) => aborted)).toEqual([true, true])
  })
})
