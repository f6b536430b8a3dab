import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { uniformScheme } from '@core/quant/scheme'
import type { Deployment } from '@shared/contract/deploy'
import type { Sample } from '@shared/contract/profile'
import type { AdaptiveRun } from '@shared/contract/profile/profileAdaptive'
import type { CandidateJson } from '@shared/contract/search'
import type { EventMessage } from '@shared/contract/framework/transport'
import { serveHost, type ServedHost } from '../support/servedHost'

/**
 * `kill -9` at a random point of every kind of run: what a client heard of is in the data file afterwards, nothing twice,
 * and the run goes on to its end. The points follow from the seed.
 */
const random = createRandom(20_262)
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-killed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const boardId = 'virtual:high'
const kills = 2
let host: ServedHost | undefined
afterEach(() => host?.kill())

/** Kills `from` after the nth fitting event, at a random moment until the next, and serves the same data again. */
async function killAfter(
  from: ServedHost,
  data: string,
  count: number,
  fits: (message: EventMessage) => boolean
): Promise<ServedHost> {
  // A short run may end before as many events came; then it is killed at its end.
  const isOver = ({ event, payload }: EventMessage): boolean =>
    event === 'job.changed' && (payload as { finishedAtMs: number | null }).finishedAtMs !== null
  await expect
    .poll(() => from.heard.filter(fits).length >= count || from.heard.some(isOver), {
      timeout: 300_000,
      interval: 2
    })
    .toBe(true)
  await new Promise((resolve) => setTimeout(resolve, random.integer(60)))
  await from.kill()
  return await serveHost(data)
}

const payloads = <T>(from: ServedHost, event: string): T[] =>
  from.heard.filter((message) => message.event === event).map((message) => message.payload as T)
const measured = (from: ServedHost): Sample[] =>
  payloads<{ samples: Sample[] }>(from, 'profile.measured').flatMap(({ samples }) => samples)
const keyOf = (sample: Sample): string =>
  `${sample.kernel} ${sample.dims.join('x')} ${sample.activationBits} ${sample.weightBits}`

async function samplesOf(from: ServedHost, campaignId: string): Promise<Sample[]> {
  return (await from.call('profile.samples', { campaignId, limit: 5000 })).samples
}

async function lenet(from: ServedHost): Promise<string> {
  const { models } = await from.call('model.list', {})
  return models.find(({ name }) => /lenet/i.test(name))!.id
}

/** Waits until a run is done; `runs` has every kind. */
async function untilDone(from: ServedHost, id: string): Promise<void> {
  await expect
    .poll(async () => (await from.call('run.get', { id })).run.state, { timeout: 300_000, interval: 100 })
    .toBe('done')
}

describe('a run in a process that is killed', () => {
  it('campaign: every Sample that was announced is kept once', { timeout: 600_000 }, async () => {
    const data = path.join(folder, 'campaign')
    host = await serveHost(data)
    const pairs = [4, 8].map((weightBits) => ({ activationBits: 8, weightBits }))
    const request = { boardId, kernels: ['matmul' as const], spaceFilling: 6, pairs, longestMs: 500, seed: 3 }
    const { campaignId } = await host.call('profile.run', request)
    const heard: Sample[] = []
    for (let kill = 0; kill < kills; kill++) {
      const killed: ServedHost = host
      host = await killAfter(killed, data, 1 + random.integer(3), ({ event }) => event === 'profile.measured')
      heard.push(...measured(killed))
      const kept = await samplesOf(host, campaignId)
      expect(new Set(kept.map(keyOf)).size).toBe(kept.length)
      for (const sample of heard) expect(kept).toContainEqual(sample)
      const { run } = await host.call('run.get', { id: campaignId })
      // A small campaign may have ended before the signal came.
      if (run.state === 'done') break
      expect(run).toMatchObject({ state: 'interrupted', resumable: true, jobId: null })
      await host.call('run.resume', { id: campaignId })
    }
    await untilDone(host, campaignId)
    const { campaigns } = await host.call('profile.campaigns', {})
    const kept = await samplesOf(host, campaignId)
    expect(campaigns).toMatchObject([{ id: campaignId, state: 'done', done: campaigns[0]!.total }])
    expect(new Set(kept.map(keyOf)).size).toBe(kept.length)
    for (const sample of heard) expect(kept).toContainEqual(sample)
  })

  it('adaptive run: known from its id on, measures nothing twice', { timeout: 600_000 }, async () => {
    const data = path.join(folder, 'adaptive')
    host = await serveHost(data)
    const { runId } = await host.call('profile.adaptive', {
      ...{ boardId, kernel: 'matmul', poolShapes: 16, judgeShapes: 2, firstRows: 6, batchRows: 2 },
      ...{
        pairs: [{ activationBits: 8, weightBits: 8 }],
        targetMape: 0,
        budgetSeconds: 5,
        longestMs: 500,
        compareUniform: false
      }
    })
    await host.kill()
    const first: ServedHost = (host = await serveHost(data))
    expect((await first.call('run.get', { id: runId })).run).toMatchObject({
      state: 'interrupted',
      resumable: true
    })
    await first.call('run.resume', { id: runId })
    host = await killAfter(
      first,
      data,
      2 + random.integer(3),
      ({ event }) => event === 'profile.adaptiveChanged'
    )
    const steps = payloads<AdaptiveRun>(first, 'profile.adaptiveChanged').at(-1)!.adaptive
    const [stored] = (await host.call('profile.adaptiveRuns', {})).runs
    expect(stored!.adaptive.slice(0, steps.length)).toEqual(steps)
    const kept = await samplesOf(host, runId)
    for (const sample of measured(first)) expect(kept).toContainEqual(sample)
    if (stored!.state !== 'done') await host.call('run.resume', { id: runId })
    await untilDone(host, runId)
    const all = await samplesOf(host, runId)
    expect(new Set(all.map(keyOf)).size).toBe(all.length)
    for (const sample of kept) expect(all).toContainEqual(sample)
  })

  it('search: every scheme that was announced is kept once, in its place', { timeout: 600_000 }, async () => {
    const data = path.join(folder, 'search')
    host = await serveHost(data)
    const request = { modelId: await lenet(host), evaluations: 3, batch: 1, seed: 5 }
    const { searchId } = await host.call('search.start', request)
    for (let kill = 0; kill < 1; kill++) {
      const killed: ServedHost = host
      host = await killAfter(killed, data, 1, ({ event }) => event === 'search.traced')
      const told = payloads<{ candidate: CandidateJson }>(killed, 'search.traced').map(
        ({ candidate }) => candidate
      )
      const { search } = await host.call('search.get', { searchId })
      for (const candidate of told) expect(search.trace[candidate.index]).toEqual(candidate)
      if (search.state === 'done') break
      expect(search.state).toBe('interrupted')
      await Promise.all([
        host.call('run.resume', { id: searchId }),
        host.call('run.resume', { id: searchId })
      ])
      // The killed job is listed as interrupted; two requests to resume start one job.
      const { jobs } = await host.call('job.list', {})
      const ofSearch = jobs.filter(({ kind }) => kind === 'search.start')
      expect(ofSearch.filter(({ state }) => state !== 'interrupted')).toHaveLength(1)
      expect(ofSearch).toHaveLength(2)
    }
    await untilDone(host, searchId)
    const { search } = await host.call('search.get', { searchId })
    expect(search.trace.map(({ index }) => index)).toEqual([0, 1, 2])
  })

  it(
    'deployment: known from its id on, the step that was announced is stored',
    { timeout: 600_000 },
    async () => {
      const data = path.join(folder, 'deployment')
      host = await serveHost(data)
      await host.call('board.connect', { id: boardId })
      const modelId = await lenet(host)
      const { model } = await host.call('model.info', { modelId })
      const names = model.nodes.filter(({ weighted }) => weighted).map(({ name }) => name)
      const { deploymentId } = await host.call('deploy.run', {
        ...{ modelId, scheme: [...uniformScheme(names, 8, 8)], boardId, images: 4 }
      })
      const killed: ServedHost = host
      host = await killAfter(killed, data, 1 + random.integer(4), ({ event }) => event === 'deploy.changed')
      const { deployment } = await host.call('deploy.get', { deploymentId })
      const told = payloads<Deployment>(killed, 'deploy.changed').at(-1)!
      if (deployment.state !== 'done') {
        expect(deployment.state).toBe('interrupted')
        expect(deployment.plan).toEqual(told.plan ?? deployment.plan)
        await host.call('board.connect', { id: boardId })
        await host.call('run.resume', { id: deploymentId })
      }
      await untilDone(host, deploymentId)
      const after = (await host.call('deploy.get', { deploymentId })).deployment
      expect(after).toMatchObject({ bitExact: true, imagesDone: 4 })
      expect((await host.call('deploy.list', {})).deployments.length).toBe(1)
    }
  )
})
