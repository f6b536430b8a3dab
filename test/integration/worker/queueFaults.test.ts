import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { Worker } from 'bullmq'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '@shared/errors'
import { parseQueueAddress } from '@main/worker/queue/queueAddress'
import { connectQueueServer } from '@main/worker/queue/queueServer'
import { openOwner, openWorker, type FakeInput } from '../../support/fakeQueue'
import { freePort } from '../../support/freePort'
import { hasTool, sayskip } from '../../support/ptyPair'
import { startRedis, type RedisServer } from '../../support/redisServer'
import { bundleWorker } from '../../support/workerFile'

/** What the queue does when workers and the server go wrong. */
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const hasRedis = hasTool('redis-server')
if (!hasRedis) sayskip('faults of the queue server', 'redis-server')

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function server(options: Parameters<typeof startRedis>[0] = {}) {
  const redis = await startRedis(options)
  cleanups.push(() => redis.stop())
  return redis
}

const errorOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (reason: unknown) => AppError.from(reason)
  )

const connect = (address: string, caFile: string | null = null) =>
  connectQueueServer(parseQueueAddress(address), { caFile }).then((opened) => {
    cleanups.push(() => opened.close())
    return opened
  })

describe.skipIf(!hasRedis)('the connection to the queue server', () => {
  it('is refused where a crash would lose jobs, with what to set', async () => {
    const { address } = await server({ safe: false, settings: ['--maxmemory-policy', 'allkeys-lru'] })
    const error = await errorOf(connect(address))
    expect(error.code).toBe('queue.unsafe')
    expect(error.message).toContain('append-only file')
    expect(error.message).toContain('allkeys-lru')
    expect(error.hint).toContain('CONFIG SET appendonly yes')
    expect(error.hint).toContain('CONFIG SET maxmemory-policy noeviction')
  })

  it('needs the password, and no error holds it', async () => {
    const redis = await server({ password: 'a secret/word' })
    expect((await errorOf(connect(redis.address))).code).toBe('queue.denied')
    const wrong = await errorOf(connect(`redis://:guess%2Fed@127.0.0.1:${redis.tcpPort}`))
    expect(wrong.code).toBe('queue.denied')
    expect(inspect(wrong, { depth: 10 })).not.toContain('guess')
    const right = await connect(`redis://:${encodeURIComponent('a secret/word')}@127.0.0.1:${redis.tcpPort}`)
    expect(right.state).toBe('up')
    expect(right.shown).toBe(`redis://127.0.0.1:${redis.tcpPort}`)
  })

  it('fails at once where nothing listens, and within seconds where nothing speaks', async () => {
    const refused = await errorOf(connect(`redis://127.0.0.1:${await freePort()}`))
    expect(refused).toMatchObject({ code: 'queue.unreachable' })
    expect(refused.message).toContain('ECONNREFUSED')
    const silent = createServer((socket) => socket.on('error', () => undefined))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => silent.close())
    const { port } = silent.address() as AddressInfo
    expect((await errorOf(connect(`redis://127.0.0.1:${port}`))).code).toBe('queue.unreachable')
  })

  it('speaks TLS and trusts only the named authority', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-tls-'))
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const [key, certificate] = [path.join(folder, 'key.pem'), path.join(folder, 'certificate.pem')]
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
        ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate]
      ],
      { stdio: 'ignore' }
    )
    const tlsPort = await freePort()
    await server({
      settings: [
        ...['--tls-port', String(tlsPort), '--tls-cert-file', certificate, '--tls-key-file', key],
        ...['--tls-auth-clients', 'no']
      ]
    })
    const address = `rediss://localhost:${tlsPort}`
    expect(await errorOf(connect(address))).toMatchObject({
      code: 'queue.unreachable',
      hint: expect.stringContaining('--ca FILE.pem') as string
    })
    expect((await connect(address, certificate)).state).toBe('up')
    const warnings: string[] = []
    const onWarning = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', onWarning)
    cleanups.push(() => process.off('warning', onWarning))
    expect((await connect(`rediss://127.0.0.1:${tlsPort}`, certificate)).state).toBe('up')
    expect(warnings).toEqual([])
    const plain = await errorOf(connect(`redis://localhost:${tlsPort}`))
    expect(plain.hint).toContain('rediss://')
    expect((await errorOf(connect(address, path.join(folder, 'absent')))).code).toBe('input.notFound')
  })

  it('is refused again where the server comes back with other settings', async () => {
    const redis = await server()
    const own = await openOwner(redis.address)
    cleanups.push(() => own.close())
    const waiting = own.run({ x: 1 })
    waiting.catch(() => undefined)
    await wait(200)
    await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await redis.client.client('KILL', 'TYPE', 'normal')
    expect((await errorOf(waiting)).code).toBe('queue.unsafe')
  })
})

describe.skipIf(!hasRedis)('a search while things end', () => {
  const double = async ({ settings }: FakeInput): Promise<number> => {
    await wait(30)
    return 2 * (settings as { x: number }).x
  }

  it('gets one result per job when a worker is killed while it works', async () => {
    const redis = await server()
    const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-killed-'))
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = await bundleWorker('test/support/queueWorkerProcess.ts')
    const own = await openOwner(redis.address)
    cleanups.push(() => own.close())
    const child: ChildProcess = spawn(process.execPath, [file, redis.address, folder], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    cleanups.push(() => child.kill('SIGKILL'))
    await new Promise((resolve) => child.stdout!.once('data', resolve))
    const all = Promise.all(Array.from({ length: 8 }, (_, x) => own.run({ x })))
    // Two of its jobs run by then.
    await expect.poll(async () => (await activeJobs(redis)).length).toBe(2)
    child.kill('SIGKILL')
    const other = await openWorker(redis.address, double, { concurrency: 2 })
    cleanups.push(() => other.close())
    expect(await all).toEqual([0, 2, 4, 6, 8, 10, 12, 14])
    await expect.poll(() => activeJobs(redis)).toEqual([])
  })

  it('a worker leaves without waiting for a server that is down', async () => {
    const redis = await server()
    const worker = await openWorker(redis.address, () => 'unused')
    const closing = vi.spyOn(Worker.prototype, 'close')
    cleanups.push(() => closing.mockRestore())
    await redis.kill()
    await expect.poll(() => worker.server.state).toBe('down')
    await worker.close()
    // Each at once and once: BullMQ overlooks a second call, and a first that waits keeps the process alive.
    expect(closing.mock.calls).toEqual([[true], [true]])
    await Promise.all(closing.mock.results.map(({ value }) => value as Promise<void>))
  })

  it('waits while the server is gone and goes on when it is back, with nothing lost', async () => {
    const redis = await server()
    const own = await openOwner(redis.address)
    cleanups.push(() => own.close())
    // Half of the jobs end only after the server is back, however slow or fast this machine is.
    let open: () => void = () => undefined
    const isBack = new Promise<void>((resolve) => (open = resolve))
    const held = async (input: FakeInput): Promise<number> => {
      if ((input.settings as { x: number }).x >= 30) await isBack
      return await double(input)
    }
    const worker = await openWorker(redis.address, held, { concurrency: 2 })
    cleanups.push(() => worker.close())
    cleanups.push(() => open())
    const states: string[] = []
    own.server.onState((state) => states.push(state))
    const all = Promise.all(Array.from({ length: 60 }, (_, x) => own.run({ x })))
    await expect.poll(() => worker.consumer.activity().done).toBeGreaterThan(5)
    await redis.kill()
    await expect.poll(() => own.server.state).toBe('down')
    expect(own.server.problem).toMatchObject({ code: 'queue.unreachable' })
    // Asked for while it is gone: waits as well.
    const late = own.run({ x: 100 })
    await wait(700)
    const pendingBefore = own.jobs.pending()
    // 30 that are held, and the late one.
    expect(pendingBefore).toBeGreaterThanOrEqual(31)
    await redis.restart()
    open()
    expect(await all).toEqual(Array.from({ length: 60 }, (_, x) => 2 * x))
    expect(await late).toBe(200)
    expect(states).toEqual(['down', 'up'])
    await expect.poll(() => activeJobs(redis)).toEqual([])
    expect(own.jobs.pending()).toBe(0)
  })

  it('can be cancelled while the server is gone', async () => {
    const redis = await server()
    const own = await openOwner(redis.address)
    cleanups.push(() => own.close())
    const stop = new AbortController()
    const running = own.run({ x: 1 }, stop.signal)
    running.catch(() => undefined)
    await wait(200)
    await redis.kill()
    const late = own.run({ x: 2 }, stop.signal)
    late.catch(() => undefined)
    await wait(200)
    stop.abort()
    expect((await errorOf(running)).code).toBe('job.cancelled')
    expect((await errorOf(late)).code).toBe('job.cancelled')
  })

  it('goes on after the server had no space for a while', async () => {
    const redis = await server()
    const own = await openOwner(redis.address)
    cleanups.push(() => own.close())
    const worker = await openWorker(redis.address, double)
    cleanups.push(() => worker.close())
    expect(await own.run({ x: 1 })).toBe(2)
    await redis.client.config('SET', 'maxmemory', '1')
    const waiting = own.run({ x: 2 })
    await expect.poll(() => own.server.problem?.message ?? '').toContain('takes no more data')
    await redis.client.config('SET', 'maxmemory', '0')
    expect(await waiting).toBe(4)
    expect(own.server.problem).toBeNull()
  })
})

const disk = hasRedis ? smallDisk() : null
// Mounted for the whole file: taken away also where another test of it is chosen alone.
afterAll(() => disk?.remove())
if (hasRedis && disk === null)
  console.warn('SKIPPED: a full disk of the queue server: no disk can be mounted here')

describe.skipIf(!hasRedis || disk === null)('a server whose disk is full', () => {
  it('is waited for, with what is wrong, and no job is lost or run for nothing when there is space again', async () => {
    const redis = await startRedis({ folder: disk!.folder })
    cleanups.push(() => redis.stop())
    const own = await openOwner(redis.address)
    cleanups.push(() => own.close())
    const worker = await openWorker(redis.address, async ({ settings }) => 2 * (settings as { x: number }).x)
    cleanups.push(() => worker.close())
    expect(await own.run({ x: 1 })).toBe(2)
    disk!.fill()
    const waiting = Promise.all(Array.from({ length: 20 }, (_, x) => own.run({ x: 100 + x })))
    await expect
      .poll(() => own.server.problem?.message ?? '')
      .toMatch(/takes no more data.*(MISCONF|No space left)/)
    disk!.empty()
    expect(await waiting).toEqual(Array.from({ length: 20 }, (_, x) => 2 * (100 + x)))
    expect(own.server.problem).toBeNull()
    await expect.poll(() => activeJobs(redis)).toEqual([])
    await redis.kill()
    await redis.restart()
    // What was acknowledged after the full disk is in the append-only file.
    expect(await redis.client.keys('bitbench:result:*')).not.toEqual([])
  })
})

/** A disk of 4 MiB that can be filled; null where this process may not mount one. */
function smallDisk(): { folder: string; fill(): void; empty(): void; remove(): void } | null {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' })
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    return null
  }
  const filler = path.join(folder, 'filler')
  return {
    folder,
    fill() {
      const file = openSync(filler, 'w')
      try {
        for (const bytes of [65_536, 1024, 1])
          for (const block = Buffer.alloc(bytes); ;) if (writeSync(file, block) < bytes) break
      } catch (reason) {
        if ((reason as NodeJS.ErrnoException).code !== 'ENOSPC') throw reason
      } finally {
        closeSync(file)
      }
    },
    empty: () => rmSync(filler, { force: true }),
    remove() {
      spawnSync('umount', ['-l', folder], { stdio: 'ignore' })
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Ids of jobs that a worker holds. */
async function activeJobs(redis: RedisServer): Promise<string[]> {
  const lists = await redis.client.keys('bitbench:test.double-*:active')
  return (await Promise.all(lists.map((key) => redis.client.lrange(key, 0, -1)))).flat()
}
