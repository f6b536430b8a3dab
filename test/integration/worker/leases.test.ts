import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLeasedLink, openLeased } from '@main/board/links/leasedLink'
import { listLeases, takeLease, type HeldLease } from '@main/worker/leases'
import { parseQueueAddress } from '@main/worker/queue/queueAddress'
import { connectQueueServer, type QueueServer } from '@main/worker/queue/queueServer'
import { createMemoryLink } from '../../support/memoryLink'
import { hasTool, sayskip } from '../../support/ptyPair'
import { startRedis, type RedisServer } from '../../support/redisServer'
import { bundleWorker } from '../../support/workerFile'

/** Leases of boards on a real redis-server, held by this process and by another one. */
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const hasRedis = hasTool('redis-server')
if (!hasRedis) sayskip('leases of boards', 'redis-server')
const me = { host: hostname(), pid: process.pid, user: 'me' }
const name = 'lab:3000'

describe.skipIf(!hasRedis)('a lease', () => {
  let redis: RedisServer
  let server: QueueServer
  beforeAll(async () => {
    redis = await startRedis()
    server = await connectQueueServer(parseQueueAddress(redis.address))
  })
  afterAll(async () => {
    server.close()
    await redis.stop()
  })

  async function take(options: Parameters<typeof takeLease>[3] = {}): Promise<HeldLease> {
    const lease = await takeLease(server.client, name, me, options)
    cleanups.push(() => lease.release())
    return lease
  }

  it('is refused to a second holder with who has it, where and for how long, and free after release', async () => {
    const first = await take({ leaseMs: 20_000 })
    const refused = await take().then(
      () => null,
      (reason: unknown) => reason
    )
    expect(refused).toMatchObject({
      code: 'board.busy',
      details: { name, holder: { ...me, token: first.token } }
    })
    expect((refused as Error).message).toContain(`me, process ${process.pid} on ${hostname()}`)
    const { leftMs } = (refused as { details: { leftMs: number } }).details
    expect(leftMs).toBeGreaterThan(0)
    expect(leftMs).toBeLessThanOrEqual(20_000)
    expect(await listLeases(server.client)).toMatchObject([{ name, ...me, token: first.token }])
    await first.release()
    expect(await listLeases(server.client)).toEqual([])
    expect((await take()).token).toBeGreaterThan(first.token)
  })

  it('of a holder that was killed runs out', async () => {
    const file = await bundleWorker('test/support/leaseHolderProcess.ts')
    const child = spawn(process.execPath, [file, redis.address, name, '4000'], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    cleanups.push(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    // Renewed: it holds for longer than its length.
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    await expect(take()).rejects.toMatchObject({
      code: 'board.busy',
      details: { holder: { host: 'other-host', user: 'someone', pid: child.pid } }
    })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const deadlineMs = performance.now() + 60_000
    const retry = async (): Promise<HeldLease> => {
      try {
        return await take()
      } catch (reason) {
        if (performance.now() > deadlineMs) throw reason
        await new Promise((resolve) => setTimeout(resolve, 100))
        return await retry()
      }
    }
    expect((await retry()).token).toBeGreaterThan(1)
  })

  it('does not end the lease of the next holder when a former one releases late', async () => {
    const former = await take()
    // As after a pause longer than the lease.
    await redis.client.del(`bitbench:lease:${name}`)
    const next = await take()
    await former.release()
    expect(await listLeases(server.client)).toMatchObject([{ name, token: next.token }])
  })

  it('that was lost ends the link under it, which then takes no bytes', async () => {
    const lease = await take({ leaseMs: 3_000 })
    const { link } = createMemoryLink()
    const leased = createLeasedLink(link, lease)
    const ended = new Promise<string>((resolve) => leased.onClose(({ text }) => resolve(text)))
    await redis.client.set(`bitbench:lease:${name}`, 'of another')
    expect(await ended).toContain('its lease was lost')
    await expect(leased.write(new Uint8Array([1]))).rejects.toMatchObject({ code: 'board.disconnected' })
    await leased.close()
    // The other one's lease is left alone.
    expect(await redis.client.get(`bitbench:lease:${name}`)).toBe('of another')
    await redis.client.del(`bitbench:lease:${name}`)
  })

  it('that is lost while the line opens ends the link at once', async () => {
    const lease = await take({ leaseMs: 3_000 })
    const link = await openLeased(
      'tcp://lab:3000',
      async () => lease,
      async () => {
        const lost = new Promise((resolve) => lease.onLost(resolve))
        await redis.client.set(`bitbench:lease:${name}`, 'of another')
        await lost
        return createMemoryLink().link
      }
    )
    expect(link.closed?.text).toContain('its lease was lost')
    await expect(link.write(new Uint8Array([1]))).rejects.toMatchObject({ code: 'board.disconnected' })
    await redis.client.del(`bitbench:lease:${name}`)
  })

  it('is given back when the line under it does not open, and when its link is closed', async () => {
    const leaseLine = () => take()
    await expect(
      openLeased('tcp://lab:3000', leaseLine, () => Promise.reject(new Error('no line')))
    ).rejects.toThrow('no line')
    expect(await listLeases(server.client)).toEqual([])
    const link = await openLeased('tcp://lab:3000', leaseLine, async () => createMemoryLink().link)
    expect(await listLeases(server.client)).toHaveLength(1)
    await link.close()
    expect(await listLeases(server.client)).toEqual([])
  })
})
