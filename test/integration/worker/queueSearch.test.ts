import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import type { Measure } from '@core/search/objective'
import { schemeKey, type Scheme } from '@core/quant/scheme'
import { openOwner, openWorker, type FakeInput, type Owner } from '../../support/fakeQueue'
import { hasTool, sayskip } from '../../support/ptyPair'
import { startRedis, type RedisServer } from '../../support/redisServer'
import { search, syntheticMeasure } from '../../unit/core/search/syntheticSearch'

/** Searches whose schemes are evaluated on the queue: the trace does not depend on who evaluates. */
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const hasRedis = hasTool('redis-server')
if (!hasRedis) sayskip('searches on the queue server', 'redis-server')

describe.skipIf(!hasRedis)('a search on the queue server', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  /** Workers of other speeds: results come out of order. */
  async function workers(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      const random = createRandom(at)
      const worker = await openWorker(redis.address, async ({ settings }: FakeInput) => {
        await new Promise((resolve) => setTimeout(resolve, random.integer(25)))
        return syntheticMeasure((settings as { scheme: Scheme }).scheme)
      })
      cleanups.push(() => worker.close())
    }
  }

  async function owner(): Promise<Owner> {
    const own = await openOwner(redis.address)
    cleanups.push(() => own.close())
    return own
  }

  const searchOn = async (own: Owner, run: string) =>
    await search({ evaluations: 24 }, [], async (scheme) => (await own.run({ run, scheme })) as Measure)

  const local = () => search({ evaluations: 24 })

  it('gives the same trace with no, one and three workers', async () => {
    const { trace } = await local()
    expect(trace).toHaveLength(24)
    for (const count of [1, 3]) {
      await workers(count)
      const own = await owner()
      const found = await searchOn(own, `with ${count}`)
      expect(found.trace).toEqual(trace)
      expect(found.evaluated).toBe(24)
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
    }
  })

  it('gives it also when the server is killed and comes back in the middle', async () => {
    const { trace } = await local()
    await workers(2)
    const own = await owner()
    let seen = 0
    const found = await search({ evaluations: 24 }, [], async (scheme) => {
      if (++seen === 13) void redis.kill().then(() => setTimeout(() => void redis.restart(), 400))
      return (await own.run({ run: 'killed', scheme })) as Measure
    })
    expect(found.trace.map((candidate) => schemeKey(candidate.scheme))).toEqual(
      trace.map((candidate) => schemeKey(candidate.scheme))
    )
    expect(found.trace).toEqual(trace)
    expect(own.jobs.pending()).toBe(0)
    // A worker is done with a job a moment after its result is there.
    await expect
      .poll(async () => {
        const lists = await redis.client.keys('bitbench:test.double-*')
        return lists.filter((key) => /:(wait|active|failed)$/.test(key))
      })
      .toEqual([])
  })
})
