import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { openOwner, openWorker, packed, testIdentity, type FakeInput } from '../../support/fakeQueue'
import { hasTool, sayskip } from '../../support/ptyPair'
import { startRedis, type RedisServer } from '../../support/redisServer'
import { until } from '../../support/until'

/** Jobs on a real redis-server, with tasks that only double a number. */
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const hasRedis = hasTool('redis-server')
if (!hasRedis) sayskip('jobs on the queue server', 'redis-server')

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const double = ({ settings }: FakeInput): number => 2 * (settings as { x: number }).x

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'no error',
    (reason: unknown) => AppError.from(reason).code
  )
}

/** Jobs on all queues by state; finished ones aside. */
async function leftOver(redis: RedisServer): Promise<number> {
  const names = await redis.client.keys('bitbench:test.double-*:{wait,active,delayed,failed}')
  const all = await redis.client.keys('bitbench:test.double-*')
  const own = all.filter((key) => /:(wait|active|delayed|failed)$/.test(key))
  const counts = await Promise.all(
    own.map(async (key) =>
      (await redis.client.type(key)) === 'list' ? redis.client.llen(key) : redis.client.zcard(key)
    )
  )
  return names.length + counts.reduce((sum, count) => sum + count, 0)
}

describe.skipIf(!hasRedis)('jobs on the queue server', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  afterEach(() => redis.client.flushall())

  const owner = async (identity = testIdentity) => {
    const opened = await openOwner(redis.address, identity)
    cleanups.push(() => opened.close())
    return opened
  }
  const worker = async (
    ...[work, options]: [Parameters<typeof openWorker>[1], Parameters<typeof openWorker>[2]?]
  ) => {
    const opened = await openWorker(redis.address, work, options)
    cleanups.push(() => opened.close())
    return opened
  }

  it('gives each caller its own result, whoever worked', async () => {
    const own = await owner()
    await worker(double)
    await worker(double, { concurrency: 2 })
    const found = await Promise.all(Array.from({ length: 40 }, (_, x) => own.run({ x })))
    expect(found).toEqual(Array.from({ length: 40 }, (_, x) => 2 * x))
    await expect.poll(() => leftOver(redis)).toBe(0)
  })

  it('brings numbers and bytes back as they were', async () => {
    const own = await owner()
    const value = {
      not: NaN,
      large: Infinity,
      zero: -0,
      third: 1 / 3,
      bytes: new Uint8Array([0, 255, 7]),
      none: null
    }
    await worker(() => value)
    const found = (await own.run({ x: 1 })) as typeof value
    expect(found).toEqual(value)
    expect(Object.is(found.zero, -0)).toBe(true)
  })

  it('runs equal jobs once, of one owner and of two', async () => {
    let runs = 0
    const [one, other] = [await owner(), await owner()]
    await worker(
      async (input) => {
        runs++
        await wait(200)
        return double(input)
      },
      { concurrency: 4 }
    )
    const found = await Promise.all([one.run({ x: 4 }), one.run({ x: 4 }), other.run({ x: 4 })])
    expect(found).toEqual([8, 8, 8])
    expect(await other.run({ x: 4 })).toBe(8)
    expect(runs).toBe(1)
  })

  it('brings a task’s own error back and runs the job again when it is asked again', async () => {
    const own = await owner()
    let runs = 0
    await worker((input) => {
      if (++runs === 1) throw new AppError('model.invalid', 'This is no model.', 'Choose another.')
      return double(input)
    })
    await expect(own.run({ x: 3 })).rejects.toMatchObject({
      code: 'model.invalid',
      message: 'This is no model.',
      hint: 'Choose another.'
    })
    expect(await own.run({ x: 3 })).toBe(6)
  })

  it('sends files by content, checks what a cache holds, and fetches it again where it was changed', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-queue-'))
    const cache = path.join(folder, 'cache')
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = path.join(folder, 'a file.bin')
    const content = Buffer.alloc(2_500_000, 'three chunks ')
    writeFileSync(file, content)
    writeFileSync(path.join(folder, 'empty'), '')
    const inputs = [
      { name: 'deep/model.bin', path: file },
      { name: 'empty', path: path.join(folder, 'empty') }
    ]
    const places: string[] = []
    const read = ({ folders, settings }: FakeInput): unknown => {
      const place = path.join(folders['files']!, 'deep', 'model.bin')
      places.push(place)
      expect(readFileSync(path.join(folders['files']!, 'empty')).length).toBe(0)
      return { equal: readFileSync(place).equals(content), settings }
    }
    const own = await owner()
    const first = await worker(read, { folder: cache })
    expect(await own.jobs.run('test.double', packed(1, inputs))).toEqual({ equal: true, settings: 1 })
    await first.close()
    writeFileSync(places[0]!, 'something else')
    await worker(read, { folder: cache })
    expect(await own.jobs.run('test.double', packed(2, inputs))).toEqual({ equal: true, settings: 2 })
    expect(places[1]).toBe(places[0])
  })

  it('sends an input again that the server has lost', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-queue-'))
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = path.join(folder, 'weights')
    writeFileSync(file, 'abc')
    const own = await owner()
    const inputs = [{ name: 'weights', path: file }]
    const size = ({ folders }: FakeInput): number =>
      readFileSync(path.join(folders['files']!, 'weights')).length
    await worker(size)
    expect(await own.jobs.run('test.double', packed(1, inputs))).toBe(3)
    const keys = await redis.client.keys('bitbench:input:*')
    expect(keys).toHaveLength(2)
    expect(await redis.client.ttl(keys[0]!)).toBeGreaterThan(80_000)
    await redis.client.del(...keys)
    await worker(size)
    expect(
      await Promise.all([2, 3, 4, 5].map((x) => own.jobs.run('test.double', packed(x, inputs))))
    ).toEqual([3, 3, 3, 3])
  })

  it('fetches an input again that another process removed from the cache', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-queue-'))
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = path.join(folder, 'weights')
    writeFileSync(file, 'abc')
    const cache = path.join(folder, 'cache')
    const own = await owner()
    const size = ({ folders }: FakeInput): number =>
      readFileSync(path.join(folders['files']!, 'weights')).length
    await worker(size, { folder: cache })
    const inputs = [{ name: 'weights', path: file }]
    expect(await own.jobs.run('test.double', packed(1, inputs))).toBe(3)
    rmSync(cache, { recursive: true })
    expect(await own.jobs.run('test.double', packed(2, inputs))).toBe(3)
  })

  it('keeps jobs apart whose numbers JSON alone would make equal', async () => {
    const own = await owner()
    await worker(({ settings }) => Object.is((settings as { x: unknown }).x, NaN))
    expect(await Promise.all([NaN, null, Infinity].map((x) => own.run({ x })))).toEqual([true, false, false])
  })

  it('refuses an input that is not what its hash says', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-queue-'))
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = path.join(folder, 'weights')
    writeFileSync(file, 'abc')
    const own = await owner()
    const started = own.jobs.run('test.double', packed(1, [{ name: 'weights', path: file }]))
    started.catch(() => undefined)
    // The content and its mark that it is whole.
    await until(async () => (await redis.client.keys('bitbench:input:*')).length === 2)
    await until(async () => (await leftOver(redis)) === 1)
    for (const key of await redis.client.keys('bitbench:input:*'))
      if ((await redis.client.hget(key, '0')) === 'abc') await redis.client.hset(key, '0', 'abX')
    await worker(() => 'ran')
    expect(await codeOf(started)).toBe('queue.invalid')
  })

  it('keeps jobs of another code version, another arithmetic and another host apart', async () => {
    const own = await owner()
    const wrong = await worker(() => 'wrong', { identity: { ...testIdentity, code: '0.0.0-other' } })
    await worker(() => 'wrong', { identity: { ...testIdentity, arithmetic: 'arm64-test' } })
    const there = { ...testIdentity, host: 'there' }
    await worker(() => 'there', { identity: there, concurrency: 2 })
    expect(await own.run({ x: 1 })).toBe('there')
    const kept = own.jobs.run('test.double', packed({ x: 1 }, [], true))
    await wait(400)
    expect(own.jobs.pending()).toBe(1)
    await worker(() => 'here')
    expect(await kept).toBe('here')
    expect(wrong.consumer.activity().done).toBe(0)
  })

  it('holds no job that it does not run, and serves its two queues in turn', async () => {
    const own = await owner()
    const order: number[] = []
    const ends: (() => void)[] = []
    const patient = ({ settings }: FakeInput): Promise<number> => {
      const { x } = settings as { x: number }
      order.push(x)
      return new Promise((resolve) => ends.push(() => resolve(2 * x)))
    }
    const first = await worker(patient)
    const runs = [own.jobs.run('test.double', packed({ x: 1 }))]
    while (order.length < 1) await wait(10)
    // The same worker is asked on the queue of its host, and on the shared one.
    runs.push(own.jobs.run('test.double', packed({ x: 2 }, [], true)))
    await wait(200)
    runs.push(own.jobs.run('test.double', packed({ x: 3 })))
    await until(async () => (await leftOver(redis)) === 3)
    await wait(200)
    expect(order).toEqual([1])
    expect(first.consumer.activity().running).toHaveLength(1)
    // One that it was given for a moment is given back.
    await until(async () => {
      const keys = await redis.client.keys('bitbench:test.double-*:active')
      const active = await Promise.all(keys.map((key) => redis.client.llen(key)))
      return active.reduce((sum, count) => sum + count, 0) === 1
    })
    // A second worker gets the one that the first could only have kept.
    const other = await worker(double)
    expect(await runs[1]).toBe(4)
    expect(await runs[2]).toBe(6)
    await other.close()
    // Alone again: the queue that was turned away comes next, although the other has more work.
    for (const x of [4, 5]) runs.push(own.jobs.run('test.double', packed({ x })))
    runs.push(own.jobs.run('test.double', packed({ x: 6 }, [], true)))
    await until(async () => (await leftOver(redis)) === 4)
    while (order.length < 4) {
      ends.shift()?.()
      await wait(50)
    }
    while (ends.length > 0) ends.shift()!()
    expect(await Promise.all(runs)).toEqual([2, 4, 6, 8, 10, 12])
    expect(order[0]).toBe(1)
    expect(order.slice(1).sort()).toEqual([4, 5, 6])
    expect(order.indexOf(6)).toBeLessThan(3)
  })

  it('takes a waiting job back and ends a running one when it is cancelled', async () => {
    const own = await owner()
    const aborted: number[] = []
    let started = 0
    await worker(
      ({ settings }, signal) =>
        new Promise((_, reject) => {
          started++
          signal.addEventListener('abort', () => {
            aborted.push((settings as { x: number }).x)
            reject(new Error('aborted'))
          })
        })
    )
    const stop = new AbortController()
    const runs = [1, 2, 3].map((x) => own.run({ x }, stop.signal))
    await until(async () => started === 1 && (await leftOver(redis)) === 3)
    stop.abort()
    expect(await Promise.all(runs.map(codeOf))).toEqual(['job.cancelled', 'job.cancelled', 'job.cancelled'])
    await until(() => aborted.length > 0)
    expect(aborted).toHaveLength(1)
    // Neither waiting nor kept among the failed ones.
    await expect.poll(() => leftOver(redis)).toBe(0)
    expect(await redis.client.keys('bitbench:test.double-*:job-*')).toEqual([])
  })

  it('leaves a job that another owner waits for', async () => {
    const [one, other] = [await owner(), await owner()]
    let release: () => void = () => undefined
    const isReleased = new Promise<void>((resolve) => (release = resolve))
    let started = 0
    await worker(async (input, signal) => {
      started++
      await isReleased
      if (signal.aborted) throw new Error('aborted')
      return double(input)
    })
    const stop = new AbortController()
    const gone = one.run({ x: 5 }, stop.signal)
    const stays = other.run({ x: 5 })
    await until(() => started === 1 && one.jobs.pending() === 1 && other.jobs.pending() === 1)
    await wait(200)
    stop.abort()
    expect(await codeOf(gone)).toBe('job.cancelled')
    release()
    expect(await stays).toBe(10)
  })

  it('can be asked for again right after it was cancelled', async () => {
    const own = await owner()
    let runs = 0
    await worker(async (input, signal) => {
      runs++
      for (let at = 0; at < 30 && !signal.aborted; at++) await wait(10)
      if (signal.aborted) throw new Error('aborted')
      return double(input)
    })
    const stop = new AbortController()
    const first = own.run({ x: 6 }, stop.signal)
    await expect.poll(() => runs).toBe(1)
    stop.abort()
    expect(await codeOf(first)).toBe('job.cancelled')
    expect(await own.run({ x: 6 })).toBe(12)
    expect(runs).toBe(2)
  })

  it('holds 10,000 evaluations with bounded memory here and on the server', async () => {
    const own = await owner()
    await worker(double, { concurrency: 16 })
    let most = 0
    const timer = setInterval(() => {
      void redis.client
        .keys('bitbench:test.double-*:job-*')
        .then((found) => (most = Math.max(most, found.length)))
    }, 250)
    cleanups.push(() => clearInterval(timer))
    const count = 10_000
    const found = await Promise.all(Array.from({ length: count }, (_, x) => own.run({ x })))
    expect(found.every((value, x) => value === 2 * x)).toBe(true)
    // 256 on their way and at most 1,000 finished ones, plus those that finished since the last removal.
    expect(most).toBeLessThan(2_000)
    await expect.poll(() => leftOver(redis)).toBe(0)
    const usedBytes = Number(/used_memory:(\d+)/.exec(await redis.client.info('memory'))![1])
    expect(usedBytes).toBeLessThan(64 * 2 ** 20)
  }, 600_000)
})
