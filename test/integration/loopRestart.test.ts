import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { CommandInput, CommandName, CommandOutput } from '@shared/contract/index'
import type { Loop } from '@shared/contract/loop'
import { callHost } from '../support/servedHost'

/** The guided loop in a real `bitbench serve` that is killed in the middle and started again on the same data. */
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-loop-'))
const servers: ChildProcess[] = []
afterAll(() => {
  for (const server of servers) server.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Small enough for seconds, whole enough to pass every step; after two evaluations there must be time to kill it. */
const request = { spaceFilling: 2, estimator: 'physics', evaluations: 16, images: 4, seed: 3 } as const
const limitMs = 600_000

interface Host {
  child: ChildProcess
  call<K extends CommandName>(name: K, input: CommandInput<K>): Promise<CommandOutput<K>>
}

async function serve(data: string): Promise<Host> {
  const child = spawn(process.execPath, ['bin/bitbench.mjs', 'serve', '--data', path.join(folder, data)], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  servers.push(child)
  const address = await new Promise<URL>((resolve, reject) => {
    let text = ''
    const read = (chunk: Buffer): void => {
      text += chunk.toString()
      const found = /http:\/\/\S+#token=\S+/.exec(text)
      if (found !== null) resolve(new URL(found[0]))
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', () => reject(new Error(`serve ended: ${text}`)))
  })
  return { child, call: (name, input) => callHost(address, name, input) }
}

const loopOf = async (host: Host, loopId: string): Promise<Loop> =>
  (await host.call('loop.get', { loopId })).loop
const statesOf = (loop: Loop): string[] => loop.steps.map(({ id, state }) => `${id} ${state}`)

async function ended(host: Host, loopId: string): Promise<Loop> {
  await expect
    .poll(async () => (await loopOf(host, loopId)).state, { timeout: limitMs, interval: 200 })
    .not.toBe('running')
  return await loopOf(host, loopId)
}

/** Everything the loop found that must not depend on where it was interrupted. */
async function figuresOf(host: Host, loop: Loop) {
  const { search } = await host.call('search.get', { searchId: loop.searchId! })
  const { deployment } = await host.call('deploy.get', { deploymentId: loop.deploymentId! })
  const { proxies } = await host.call('proxy.list', {})
  return {
    samples: loop.samples,
    proxies: loop.proxies.map(({ proxyId }) => {
      const { kernel, rows, trainMape, unseenShapeMape } = proxies.find(({ id }) => id === proxyId)!
      return { kernel, rows, trainMape, unseenShapeMape }
    }),
    search: [search.budget, search.best, search.trace, search.test],
    deploy: [deployment.bitExact, deployment.measured, deployment.predicted, deployment.boardAccuracy],
    results: loop.steps.map(({ results }) => results)
  }
}

describe('the guided loop', () => {
  it(
    'survives kill -9 in the middle: finished steps stay, resume ends with the numbers of a whole run',
    { timeout: 2 * limitMs },
    async () => {
      const undisturbed = await serve('whole')
      const whole = await undisturbed.call('loop.run', request)
      const expected = await ended(undisturbed, whole.loopId)
      expect([expected.state, ...statesOf(expected)]).toEqual([
        ...['done', 'connect done', 'profile done', 'fit done', 'search done', 'deploy done', 'check done']
      ])
      const figures = await figuresOf(undisturbed, expected)
      expect(figures.deploy[0]).toBe(true)
      undisturbed.child.kill('SIGTERM')

      const first = await serve('killed')
      const { loopId } = await first.call('loop.run', request)
      const evaluated = async (): Promise<number> => {
        const { searchId } = await loopOf(first, loopId)
        return searchId === null ? 0 : (await first.call('search.get', { searchId })).search.trace.length
      }
      await expect.poll(evaluated, { timeout: limitMs, interval: 20 }).toBeGreaterThan(1)
      first.child.kill('SIGKILL')
      await new Promise((resolve) => first.child.once('exit', resolve))

      const second = await serve('killed')
      const interrupted = await loopOf(second, loopId)
      expect([interrupted.state, ...statesOf(interrupted)]).toEqual([
        ...['interrupted', 'connect done', 'profile done', 'fit done'],
        ...['search waiting', 'deploy waiting', 'check waiting']
      ])
      const { runs } = await second.call('run.list', { kinds: ['loop'] })
      expect(runs).toMatchObject([{ id: loopId, state: 'interrupted', resumable: true, jobId: null }])
      const kept = interrupted.searchId!
      const before = (await second.call('search.get', { searchId: kept })).search
      expect(before.state).toBe('interrupted')
      expect(before.trace.length).toBeLessThan(request.evaluations)

      await second.call('loop.resume', { loopId })
      const resumed = await ended(second, loopId)
      expect([resumed.state, resumed.searchId]).toEqual(['done', kept])
      expect(await figuresOf(second, resumed)).toEqual(figures)
      second.child.kill('SIGTERM')
    }
  )
})
