import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { keys } from '@main/worker/queue/queueJob'
import { hasTool, sayskip } from '../../support/ptyPair'
import { startRedis } from '../../support/redisServer'

/** The command line with a real worker process: needs a build. */
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const hasRedis = hasTool('redis-server')
if (!hasRedis) sayskip('bitbench worker', 'redis-server')

const program = path.resolve('bin/bitbench.mjs')

async function bitbench(data: string, ...words: string[]) {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, ...words, '--data', data, '--json'],
    {
      maxBuffer: 64 * 2 ** 20
    }
  )
  return JSON.parse(stdout) as Record<string, unknown>
}

describe.skipIf(!hasRedis)('bitbench worker', () => {
  it('evaluates for a search elsewhere, which finds what it finds alone', async () => {
    const redis = await startRedis()
    const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-worker-'))
    cleanups.push(
      () => rmSync(folder, { recursive: true, force: true }),
      () => redis.stop()
    )
    const there = path.join(folder, 'there')
    const child = spawn(
      process.execPath,
      [program, 'worker', '--queue', redis.address, '--concurrency', '1', '--data', there],
      { stdio: ['ignore', 'ignore', 'pipe'] }
    )
    cleanups.push(() => child.kill('SIGKILL'))
    await new Promise((resolve) => child.stderr.once('data', resolve))
    const request = ['search', 'run', '--model', 'resources/models/lenet5-fashion.onnx', '--evaluations', '4']
    const here = path.join(folder, 'a folder')
    const queued = await bitbench(here, ...request, '--queue', redis.address, '--workers', '0')
    const alone = await bitbench(path.join(folder, 'alone'), ...request, '--workers', '1')
    expect(queued['trace']).toEqual(alone['trace'])
    expect(queued['test']).toEqual(alone['test'])
    // Each evaluation once: the schemes of the trace with int8, and the float network; the same on the test items where
    // the full set, which stays on this machine, is not installed.
    const trace = alone['trace'] as { scheme: { weightBits: number; activationBits: number }[] }[]
    const schemes = new Set(trace.map(({ scheme }) => JSON.stringify(scheme)))
    const int8 = trace[0]!.scheme.map((layer) => ({ ...layer, weightBits: 8, activationBits: 8 }))
    const onSearch = schemes.add(JSON.stringify(int8)).size + 1
    const { split } = alone['test'] as { split: string }
    const best = JSON.stringify(alone['scheme'])
    const done = onSearch + (split === 'fullTest' ? 0 : best === JSON.stringify(int8) ? 2 : 3)
    const listed = async (): Promise<unknown> =>
      (await bitbench(there, 'worker', '--list', '--queue', redis.address))['workers']
    // A worker reports every few seconds what it has done.
    await expect
      .poll(listed)
      .toMatchObject([{ pid: child.pid, done, failed: 0, isAlive: true, matches: true, isHere: false }])
    // The results are kept: the same search asks no worker.
    const again = await bitbench(here, ...request, '--queue', redis.address, '--workers', '0')
    expect(again['trace']).toEqual(alone['trace'])
    expect(await listed()).toMatchObject([{ done }])
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
    expect(await listed()).toEqual([])
  }, 300_000)

  it('shares what two processes fit, and finds what one finds alone', async () => {
    const redis = await startRedis()
    const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-worker-'))
    cleanups.push(
      () => rmSync(folder, { recursive: true, force: true }),
      () => redis.stop()
    )
    for (const name of ['one', 'two']) {
      const child = spawn(
        process.execPath,
        [
          ...[program, 'worker', '--queue', redis.address, '--concurrency', '1'],
          ...['--data', path.join(folder, name)]
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] }
      )
      cleanups.push(() => child.kill('SIGKILL'))
      await new Promise((resolve) => child.stderr.once('data', resolve))
    }
    const request = [
      'search',
      'run',
      '--model',
      'resources/models/lenet5-fashion.onnx',
      '--evaluations',
      '12'
    ]
    const queued = await bitbench(
      ...[path.join(folder, 'here'), ...request, '--queue', redis.address, '--workers', '0']
    )
    const alone = await bitbench(path.join(folder, 'alone'), ...request, '--workers', '1')
    expect(queued['trace']).toEqual(alone['trace'])
    expect(queued['test']).toEqual(alone['test'])
    expect(await redis.client.llen(keys.fits)).toBeGreaterThan(0)
    // Looks for fits are the only MGET of workers and of the search.
    const stats = await redis.client.info('commandstats')
    expect(Number(/cmdstat_mget:calls=(\d+)/.exec(stats)?.[1])).toBeGreaterThan(0)
  }, 300_000)
})
