import { describe, expect, it } from 'vitest'
import { announce, goneAfterMs, listWorkers, serverNowMs, withdraw } from '@main/worker/workerRegistry'
import { createMemoryRedis } from '../../../support/memoryRedis'

const identity = { code: '1-a', arithmetic: 'x64', host: 'desk', processor: 'EPYC' }

const beat = (id: string, over: object = {}) => ({
  ...{
    id,
    host: 'desk',
    pid: process.pid,
    processor: 'EPYC',
    code: '1-a',
    arithmetic: 'x64',
    tasks: ['model.evaluate']
  },
  ...{ concurrency: 2, done: 5, failed: 1, perMinute: 3, running: [], startedAtMs: 900_000 },
  ...over
})

describe('the list of workers', () => {
  it('has times by the server, to the millisecond', async () => {
    const redis = createMemoryRedis()
    redis.clock.nowMs = 1_234_567
    expect(await serverNowMs(redis.client)).toBe(1_234_567)
  })

  it('says who is alive, who is here, and who works on other code or another processor kind', async () => {
    const redis = createMemoryRedis()
    await announce(redis.client, beat('here'))
    await announce(redis.client, beat('version', { host: 'b', pid: 1, code: '2-b' }))
    await announce(redis.client, beat('kind', { host: 'a', pid: 2, arithmetic: 'arm64' }))
    await announce(redis.client, beat('late', { host: 'a', pid: 1 }))
    redis.clock.nowMs += 4_000
    const listed = await listWorkers(redis.client, identity)
    // By host, then by process.
    expect(listed.map(({ id }) => id)).toEqual(['late', 'kind', 'version', 'here'])
    expect(
      listed.map(({ matches, isHere, isAlive, silentMs }) => [matches, isHere, isAlive, silentMs])
    ).toEqual([
      [true, false, true, 4_000],
      [false, false, true, 4_000],
      [false, false, true, 4_000],
      [true, true, true, 4_000]
    ])
    expect(listed[3]).toMatchObject({
      done: 5,
      failed: 1,
      perMinute: 3,
      concurrency: 2,
      startedAtMs: 900_000
    })
  })

  it('counts a worker as gone after 12 s without a report, lists it last and as another process', async () => {
    const redis = createMemoryRedis()
    await announce(redis.client, beat('old', { host: 'a' }))
    redis.clock.nowMs += goneAfterMs - 1
    expect(await listWorkers(redis.client, identity)).toMatchObject([{ isAlive: true }])
    redis.clock.nowMs += 1
    await announce(redis.client, beat('new', { host: 'z' }))
    expect(goneAfterMs).toBe(12_000)
    expect(await listWorkers(redis.client, { ...identity, host: 'a' })).toMatchObject([
      { id: 'new', isAlive: true, isHere: false },
      { id: 'old', isAlive: false, isHere: false, silentMs: 12_000 }
    ])
  })

  it('forgets a worker after an hour, one that ended in order at once, and what cannot be read', async () => {
    const redis = createMemoryRedis()
    expect(await listWorkers(redis.client, identity)).toEqual([])
    await announce(redis.client, beat('gone'))
    await announce(redis.client, beat('ended'))
    await withdraw(redis.client, 'ended')
    redis.sets.get('bitbench:workers')!.add('odd')
    redis.texts.set('bitbench:worker:odd', '{"id":"odd"}')
    expect((await listWorkers(redis.client, identity)).map(({ id }) => id)).toEqual(['gone'])
    redis.clock.nowMs += 3_600_000
    redis.texts.set('bitbench:worker:odd', 'no JSON')
    expect(await listWorkers(redis.client, identity)).toEqual([])
    expect([...redis.sets.get('bitbench:workers')!]).toEqual(['odd'])
  })
})
