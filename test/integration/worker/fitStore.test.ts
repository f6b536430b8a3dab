import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ReconstructedLayer } from '@core/quant/quantize/reconstruct'
import { createFitStore, type FitStore } from '@main/worker/fits/fitStore'
import { parseQueueAddress } from '@main/worker/queue/queueAddress'
import { keys } from '@main/worker/queue/queueJob'
import { connectQueueServer, type QueueServer } from '@main/worker/queue/queueServer'
import { testIdentity } from '../../support/fakeQueue'
import { hasTool, sayskip } from '../../support/ptyPair'
import { startRedis, type RedisServer } from '../../support/redisServer'

/** Fits on a real redis-server: who finds them, how many there are, and that a server in trouble costs nothing. */
const hasRedis = hasTool('redis-server')
if (!hasRedis) sayskip('fits on the queue server', 'redis-server')

const fitOf = (n: number, taps = 100): ReconstructedLayer => ({
  codes: new Int8Array(taps).fill(n),
  scales: Float64Array.of(0.25),
  bias: Float64Array.of(n)
})

describe.skipIf(!hasRedis)('fits on the queue server', () => {
  let redis: RedisServer
  let server: QueueServer
  const opened: QueueServer[] = []
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    await redis.client.flushall()
    server = await connected()
    await listens()
    await listens()
  })
  afterEach(() => {
    for (const each of opened.splice(0)) each.close()
  })

  async function connected(): Promise<QueueServer> {
    const own = await connectQueueServer(parseQueueAddress(redis.address))
    opened.push(own)
    return own
  }
  /** One more worker that listens for cancellations. */
  const listens = async () => await server.another().subscribe(keys.cancel)
  const storeOf = (identity = testIdentity, limitBytes?: number): FitStore =>
    createFitStore(server, identity, Date.now, limitBytes)
  /** The store's first look is under way: until it has ended everything is sent. */
  const untilNothingIsSent = (store: FitStore) =>
    expect
      .poll(async () => {
        await store.publish('net', 'a', fitOf(1))
        const sent = (await redis.client.keys(keys.fit('*'))).length
        await redis.client.flushall()
        return sent
      })
      .toBe(0)

  it('are found by workers of the same code and arithmetic, under their content and key alone', async () => {
    await storeOf().publish('net', 'conv', fitOf(1))
    expect(await storeOf({ ...testIdentity, host: 'there' }).find('net', ['fc', 'conv'])).toEqual([
      null,
      fitOf(1)
    ])
    expect(await storeOf().find('other net', ['conv'])).toEqual([null])
    expect(await storeOf({ ...testIdentity, code: '0.0.1-test' }).find('net', ['conv'])).toEqual([null])
    expect(await storeOf({ ...testIdentity, arithmetic: 'arm64' }).find('net', ['conv'])).toEqual([null])
  })

  it('leave by age, and the oldest first where there are more bytes than the limit', async () => {
    // Each takes 32 + 8 + 16 + 100 bytes: three fit below 500, four do not.
    const store = storeOf(testIdentity, 500)
    const names = ['a', 'b', 'c', 'd']
    for (const [at, name] of names.entries()) await store.publish('net', name, fitOf(at))
    expect(await store.find('net', names)).toEqual([null, fitOf(1), fitOf(2), fitOf(3)])
    expect(await redis.client.get(keys.fitBytes)).toBe('468')
    expect(await redis.client.llen(keys.fits)).toBe(3)
    const [key] = await redis.client.keys(keys.fit('*'))
    expect(await redis.client.ttl(key!)).toBeLessThanOrEqual(600)
    expect(await redis.client.ttl(key!)).toBeGreaterThan(500)
    // The same again adds nothing.
    await store.publish('net', 'd', fitOf(3))
    expect(await redis.client.get(keys.fitBytes)).toBe('468')
  })

  it('that were damaged or put under another key are not taken', async () => {
    const store = storeOf()
    await store.publish('net', 'a', fitOf(1))
    const [key] = await redis.client.keys(keys.fit('*'))
    const bytes = (await redis.client.getBuffer(key!))!
    await redis.client.flushall()
    await store.publish('net', 'b', fitOf(2))
    const [other] = await redis.client.keys(keys.fit('*'))
    await redis.client.set(other!, bytes)
    expect(await store.find('net', ['b'])).toEqual([null])
    const damaged = Buffer.from(bytes)
    damaged[bytes.length - 1]! ^= 1
    for (const value of [damaged, bytes.subarray(0, 40), Buffer.alloc(0)]) {
      await redis.client.set(key!, value)
      expect(await store.find('net', ['a'])).toEqual([null])
    }
    await redis.client.set(key!, bytes)
    expect(await store.find('net', ['a'])).toEqual([fitOf(1)])
  })

  it('of more than 4 MiB stay where they are', async () => {
    await storeOf().publish('net', 'a', fitOf(1, 4 * 2 ** 20 + 1))
    expect(await redis.client.keys(keys.fit('*'))).toEqual([])
  })

  it('are not sent while no other worker listens', async () => {
    for (const each of opened.splice(0)) each.close()
    server = await connected()
    await expect.poll(async () => (await redis.client.pubsub('NUMSUB', keys.cancel))[1]).toBe(0)
    const store = storeOf()
    await store.find('net', ['a'])
    await untilNothingIsSent(store)
  })

  it('are nowhere while the server has little room, takes no data or is gone', async () => {
    await redis.client.config('SET', 'maxmemory', '2mb')
    const store = storeOf()
    await untilNothingIsSent(store)
    await redis.client.config('SET', 'maxmemory', '1mb')
    const full = storeOf()
    await full.publish('net', 'a', fitOf(1))
    expect(await full.find('net', ['a'])).toEqual([null])
    await redis.client.config('SET', 'maxmemory', '0')
    await redis.kill()
    await store.publish('net', 'a', fitOf(1))
    expect(await store.find('net', ['a'])).toEqual([null])
    await redis.restart()
  })
})
