import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { TaskPool } from '@main/threads/taskPool'
import { createWorkerService } from '@main/worker/workerService'
import { freePort } from '../../support/freePort'
import { fakeTasks, openWorker, testIdentity } from '../../support/fakeQueue'
import { hasTool, sayskip } from '../../support/ptyPair'
import { startRedis } from '../../support/redisServer'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const hasRedis = hasTool('redis-server')
if (!hasRedis) sayskip('the service of workers', 'redis-server')

type Table = {
  'test.double': { input: number; output: unknown }
  'test.other': { input: number; output: unknown }
}
const nothing = { signal: new AbortController().signal }
const secret = 'ein-Geheimnis'

function bench(ownThreads: number) {
  const dataFolder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-service-'))
  const heard: unknown[] = []
  const ranHere: string[] = []
  const local: TaskPool<Table> = {
    async run(name, input) {
      ranHere.push(name)
      const given: unknown = input
      const x = typeof given === 'number' ? given : (given as { settings: number }).settings
      return 2 * x
    },
    close: async () => undefined
  }
  const service = createWorkerService<Table>({
    local,
    shared: {
      'test.double': {
        ...fakeTasks['test.double']!,
        pack: async (x: number) => (x < 0 ? null : { settings: x, folders: {}, perHost: false })
      }
    },
    dataFolder,
    ownThreads: () => ownThreads,
    identity: async () => testIdentity,
    emit: (event, payload) => void heard.push([event, payload]),
    log: (line) => void heard.push(line),
    nowMs: Date.now,
    newId: () => 'owner'
  })
  cleanups.push(
    () => rmSync(dataFolder, { recursive: true, force: true }),
    () => service.close()
  )
  return { service, dataFolder, heard, ranHere }
}

describe('without a queue server', () => {
  it('everything runs here, and the state is off', async () => {
    const { service, ranHere } = bench(1)
    expect(await service.pool.run('test.double', 4)).toBe(8)
    expect(ranHere).toEqual(['test.double'])
    expect(await service.handlers['worker.status']({}, nothing)).toMatchObject({
      ...{ server: null, state: 'off', problem: null, workers: [], leases: [], kept: false },
      code: testIdentity.code
    })
  })

  it('a named one that is not there fails a task at once and is shown as down', async () => {
    const { service } = bench(1)
    const address = `redis://127.0.0.1:${await freePort()}`
    await expect(service.use({ address, caFile: null }, 1)).rejects.toMatchObject({
      code: 'queue.unreachable'
    })
    await expect(service.pool.run('test.double', 1)).rejects.toMatchObject({ code: 'queue.unreachable' })
    expect(await service.pool.run('test.other', 1)).toBe(2)
    expect(await service.handlers['worker.status']({}, nothing)).toMatchObject({
      server: address,
      state: 'down'
    })
  })
})

describe.skipIf(!hasRedis)('with a queue server', () => {
  it('shared tasks go to workers, the others and those that stay run here', async () => {
    const redis = await startRedis()
    cleanups.push(() => redis.stop())
    const worker = await openWorker(redis.address, ({ settings }) => `there ${String(settings)}`)
    cleanups.push(() => worker.close())
    const { service, ranHere } = bench(0)
    await service.use({ address: redis.address, caFile: null }, 0)
    expect(await service.pool.run('test.double', 3)).toBe('there 3')
    expect(await service.pool.run('test.other', 3)).toBe(6)
    expect(await service.pool.run('test.double', -3)).toBe(-6)
    expect(ranHere).toEqual(['test.other', 'test.double'])
  })

  it('its own threads work too and are listed', async () => {
    const redis = await startRedis()
    cleanups.push(() => redis.stop())
    const { service, ranHere } = bench(3)
    await service.use({ address: redis.address, caFile: null }, 3)
    expect(await Promise.all([1, 2, 3].map((x) => service.pool.run('test.double', x)))).toEqual([2, 4, 6])
    expect(ranHere).toHaveLength(3)
    await expect
      .poll(async () => (await service.handlers['worker.status']({}, nothing)).workers)
      .toMatchObject([
        { host: 'here', pid: process.pid, concurrency: 3, isAlive: true, matches: true, isHere: true }
      ])
    const status = await service.handlers['worker.status']({}, nothing)
    expect(status).toMatchObject({ state: 'up', waiting: 0, active: 0, pending: 0, kept: false })
  })

  it('an address is kept for this user alone; neither file name, events nor logs show the password', async () => {
    const redis = await startRedis({ password: secret })
    cleanups.push(() => redis.stop())
    const { service, dataFolder, heard } = bench(1)
    const connect = service.handlers['worker.connect']
    const address = `redis://:${secret}@127.0.0.1:${redis.tcpPort}`
    await expect(
      connect({ address: `redis://127.0.0.1:${redis.tcpPort}`, caFile: null }, nothing)
    ).rejects.toMatchObject({
      code: 'queue.denied'
    })
    const status = await connect({ address, caFile: null }, nothing)
    expect(status).toMatchObject({ server: `redis://127.0.0.1:${redis.tcpPort}`, state: 'up', kept: true })
    const file = path.join(dataFolder, 'queue.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toContain(secret)
    await redis.kill()
    await expect.poll(() => heard.length).toBeGreaterThan(1)
    expect(heard[0]).toMatchObject(['worker.changed', { state: 'down' }])
    expect(
      JSON.stringify([status, heard, await service.handlers['worker.status']({}, nothing)])
    ).not.toContain(secret)
    expect(await service.handlers['worker.disconnect']({}, nothing)).toMatchObject({
      state: 'off',
      server: null
    })
    expect(() => statSync(file)).toThrow()
  })
})

describe.skipIf(!hasRedis)('lines of boards', () => {
  it('are leased on a named server, and given back when the server is left', async () => {
    const redis = await startRedis()
    cleanups.push(() => redis.stop())
    const [one, other] = [bench(0), bench(0)]
    expect(await one.service.leaseLine('tcp://lab:3000')).toBeNull()
    await one.service.use({ address: redis.address, caFile: null }, 0)
    await other.service.use({ address: redis.address, caFile: null }, 0)
    expect(await one.service.leaseLine('tcp://lab:3000')).not.toBeNull()
    await expect(other.service.leaseLine('rfc2217://lab:3000')).rejects.toMatchObject({
      code: 'board.busy',
      details: { holder: { host: testIdentity.host, pid: process.pid } }
    })
    expect(await other.service.handlers['worker.status']({}, nothing)).toMatchObject({
      leases: [{ name: 'lab:3000', host: testIdentity.host }]
    })
    await one.service.handlers['worker.disconnect']({}, nothing)
    const next = await other.service.leaseLine('rfc2217://lab:3000')
    await next!.release()
  })

  it('on the network are refused while the server is gone; serial ports of this machine are not', async () => {
    const { service, heard } = bench(0)
    const address = `redis://127.0.0.1:${await freePort()}`
    await service.use({ address, caFile: null }, 0).catch(() => undefined)
    await expect(service.leaseLine('tcp://lab:3000')).rejects.toMatchObject({ code: 'queue.unreachable' })
    expect(await service.leaseLine('/dev/ttyUSB0')).toBeNull()
    expect(heard.at(-1)).toContain('/dev/ttyUSB0 is used without a lease')
  })
})
