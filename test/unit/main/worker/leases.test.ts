import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { leaseMs, listLeases, takeLease, type HeldLease } from '@main/worker/leases'
import { createMemoryRedis, type MemoryRedis } from '../../../support/memoryRedis'

/** Leases by a clock that the test turns; against a real server they stand in test/integration/worker/leases.test.ts. */
const me = { host: 'desk', pid: 7, user: 'ada' }
const name = 'lab:3000'
const key = 'bitbench:lease:lab:3000'

describe('a lease of a board', () => {
  let redis: MemoryRedis
  let nowMs: number
  const held: HeldLease[] = []
  beforeEach(() => {
    vi.useFakeTimers()
    redis = createMemoryRedis()
    nowMs = 0
  })
  afterEach(async () => {
    for (const lease of held.splice(0)) await lease.release()
    vi.useRealTimers()
  })
  /** Lets time pass on both clocks, in steps of 100 ms. */
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 100) {
      nowMs += 100
      redis.clock.nowMs += 100
      await vi.advanceTimersByTimeAsync(100)
    }
  }
  const take = async (who = me): Promise<HeldLease> => {
    const lease = await takeLease(redis.client, name, who, { steadyMs: () => nowMs })
    held.push(lease)
    return lease
  }

  it('lasts 15 s, is renewed every 3 s, and is listed with who has it', async () => {
    expect(leaseMs).toBe(15_000)
    await take()
    expect(redis.endsMs.get(key)! - redis.clock.nowMs).toBe(15_000)
    await pass(2_900)
    expect(redis.endsMs.get(key)! - redis.clock.nowMs).toBe(12_100)
    await pass(100)
    expect(redis.endsMs.get(key)! - redis.clock.nowMs).toBe(15_000)
    await pass(60_500)
    expect(await listLeases(redis.client)).toEqual([
      { name, token: 1, ...me, heldMs: 63_500, leftMs: 14_500 }
    ])
  })

  it('is refused while another has it, with the time that is left', async () => {
    await take()
    await pass(1_500)
    await expect(take({ host: 'other', pid: 8, user: 'bob' })).rejects.toMatchObject({
      code: 'board.busy',
      message:
        'lab:3000 is held by ada, process 7 on desk; the lease lasts 13.5 s more and is renewed while it is in use.',
      details: { name, leftMs: 13_500, holder: { ...me, token: 1 } }
    })
    redis.texts.set(key, 'no JSON')
    await expect(take()).rejects.toMatchObject({
      message: expect.stringContaining('held by another Bitbench') as string,
      details: { holder: null }
    })
  })

  it('has a larger token than all before, also than the one that was refused', async () => {
    const first = await take()
    await take().catch(() => undefined)
    await first.release()
    expect(await listLeases(redis.client)).toEqual([])
    expect([first.token, (await take()).token]).toEqual([1, 3])
  })

  it('counts as given where the answer was lost and the server holds this very value', async () => {
    const set = redis.client.set.bind(redis.client)
    // As ioredis does after a broken connection: the same command a second time.
    redis.client.set = (async (...words: Parameters<typeof set>) => {
      await set(...words)
      return await set(...words)
    }) as typeof set
    expect((await take()).token).toBe(1)
  })

  it('is lost when another value stands there at the next renewal, and told once', async () => {
    const lease = await take()
    const told: string[] = []
    lease.onLost((why) => told.push(why))
    redis.texts.set(key, 'of another')
    await pass(2_900)
    expect(told).toEqual([])
    await pass(10_000)
    expect(told).toEqual(['another holder has it, or it was removed on the queue server'])
    await lease.release()
    expect(redis.texts.get(key)).toBe('of another')
    lease.onLost((why) => told.push(why))
    expect(told).toHaveLength(2)
  })

  it('is lost after its length without a renewal, not before', async () => {
    const lease = await take()
    const told: string[] = []
    lease.onLost((why) => told.push(why))
    redis.fault = new Error('connect ECONNREFUSED')
    await pass(14_900)
    expect(told).toEqual([])
    await pass(100)
    expect(told).toEqual(['the queue server could not be reached to renew it'])
  })

  it('holds on when the server is back in time', async () => {
    const lease = await take()
    const told: string[] = []
    lease.onLost((why) => told.push(why))
    redis.fault = new Error('connect ECONNREFUSED')
    await pass(11_000)
    redis.fault = null
    await pass(40_000)
    expect(told).toEqual([])
    redis.fault = new Error('WRONGTYPE Operation against a key')
    await pass(3_000)
    expect(told).toEqual(['Error: WRONGTYPE Operation against a key'])
  })

  it('that was given back is not told as lost and may be given back again', async () => {
    const lease = await take()
    const told: string[] = []
    lease.onLost((why) => told.push(why))
    await lease.release()
    const next = await take()
    await lease.release()
    await pass(30_000)
    expect(told).toEqual([])
    expect((await listLeases(redis.client)).map(({ token }) => token)).toEqual([next.token])
  })

  it('lists by name, and leaves out what has ended or cannot be read', async () => {
    const value = (token: number): string => JSON.stringify({ token, ...me, sinceMs: redis.clock.nowMs + 50 })
    redis.sets.set('bitbench:leases', new Set(['b', 'a', 'gone', 'odd']))
    for (const [one, text] of [
      ['b', value(2)],
      ['a', value(1)],
      ['odd', '{}']
    ] as const) {
      redis.texts.set(`bitbench:lease:${one}`, text)
      redis.endsMs.set(`bitbench:lease:${one}`, redis.clock.nowMs + 500)
    }
    // A beginning in the future, by a clock that was set back, is now.
    expect(await listLeases(redis.client)).toEqual([
      { name: 'a', token: 1, ...me, heldMs: 0, leftMs: 500 },
      { name: 'b', token: 2, ...me, heldMs: 0, leftMs: 500 }
    ])
  })
})
