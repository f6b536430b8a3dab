import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { collectionRequestSchema, type Collection } from '@shared/contract/estimator/collection'
import { dataSetRequestSchema } from '@shared/contract/dataset'
import type { EventMessage } from '@shared/contract/framework/transport'
import { workloadRequestSchema, type WorkloadRun } from '@shared/contract/workload'
import { serveHost, type ServedHost } from '../support/servedHost'

/**
 * `kill -9` while something is stored that is no board's run (those are in killedRuns): what a client heard of is there afterwards,
 * nothing is there twice or by half, and it can be done again or resumed. The points follow from the seed.
 */
const random = createRandom(Number(process.env['KILL_SEED'] ?? 90_431))
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-killed-stores-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let host: ServedHost | undefined
afterEach(() => host?.kill())

type Heard<T> = (from: ServedHost) => T[]
const heard =
  <T>(event: string): Heard<T> =>
  (from) =>
    from.heard.filter((message) => message.event === event).map((message) => message.payload as T)
const changes = heard<WorkloadRun>('workload.changed')
const collected = heard<Collection>('estimator.collected')

/** Kills once the condition holds, at a random moment up to 60 ms later, and serves the same data again. */
async function killOnce(from: ServedHost, data: string, holds: () => boolean): Promise<ServedHost> {
  await expect.poll(holds, { timeout: 120_000, interval: 2 }).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, random.integer(60)))
  await from.kill()
  return await serveHost(data)
}
async function untilDone(from: ServedHost, id: string): Promise<void> {
  await expect
    .poll(async () => (await from.call('run.get', { id })).run.state, { timeout: 300_000, interval: 100 })
    .toBe('done')
}
const isDone =
  (jobId: string | null) =>
  ({ event, payload }: EventMessage): boolean => {
    const job = payload as { id: string; state: string }
    return event === 'job.changed' && job.id === jobId && job.state === 'done'
  }
const doneTrials = (run: WorkloadRun): number => run.steps.reduce((sum, step) => sum + step.trialsDone, 0)

describe('what is stored by a process that is killed', () => {
  it(
    'workload: every trial that was announced is kept once, and the run goes on',
    { timeout: 600_000 },
    async () => {
      const data = path.join(folder, 'workload')
      host = await serveHost(data)
      const request = workloadRequestSchema.parse({
        runner: { kind: 'onnx', model: 'gloss-classifier', samples: 8 },
        ...{ precisions: ['fp32'], phaseMs: 10, trials: 2, idleMs: 0, power: false, ablations: ['mean'] }
      })
      const { id } = await host.call('workload.start', request)
      for (let kill = 0; kill < 2; kill++) {
        const killed: ServedHost = host
        const least = 1 + random.integer(6)
        const isOver = (): boolean => changes(killed).some(({ state }) => state === 'done')
        host = await killOnce(
          killed,
          data,
          () => isOver() || changes(killed).some((run) => doneTrials(run) >= least)
        )
        const announced = changes(killed).at(-1)!
        const { run } = await host.call('workload.get', { id })
        for (const [at, step] of announced.steps.entries()) {
          expect(run.steps[at]!.trialsDone).toBeGreaterThanOrEqual(step.trialsDone)
          expect(run.steps[at]!.trialsDone).toBeLessThanOrEqual(step.trials)
        }
        if (run.state === 'done') break
        expect(run.state).toBe('interrupted')
        await host.call('run.resume', { id })
      }
      await untilDone(host, id)
      const { run } = await host.call('workload.get', { id })
      for (const step of run.steps.filter(({ state }) => state === 'done'))
        expect(step.trialsDone).toBe(step.trials)
      expect((await host.call('workload.list', {})).runs.map((one) => one.id)).toEqual([id])
    }
  )

  it('collection: every configuration that was announced is kept once', { timeout: 600_000 }, async () => {
    const data = path.join(folder, 'collection')
    host = await serveHost(data)
    const request = collectionRequestSchema.parse({
      runner: { kind: 'onnx', model: 'gloss-language' },
      ...{
        configurations: 10,
        repetitions: 2,
        knobs: { promptTokens: { min: 2, max: 8 }, outputTokens: { min: 2, max: 3 } }
      }
    })
    const { id } = await host.call('estimator.collect', request)
    for (let kill = 0; kill < 2; kill++) {
      const killed: ServedHost = host
      const least = 1 + random.integer(4)
      const isOver = (): boolean => collected(killed).some(({ state }) => state !== 'running')
      host = await killOnce(
        killed,
        data,
        () => isOver() || collected(killed).some(({ measured }) => measured >= least)
      )
      const announced = collected(killed).at(-1)!
      const { collection, samples } = await host.call('estimator.collection', { id })
      expect(collection.measured).toBeGreaterThanOrEqual(announced.measured)
      expect(samples.length).toBe(collection.measured * request.repetitions)
      if (collection.state === 'done') break
      expect(collection.state).toBe('interrupted')
      await host.call('run.resume', { id })
    }
    await untilDone(host, id)
    const { collection, samples } = await host.call('estimator.collection', { id })
    expect(collection.measured + collection.failed).toBe(collection.steps.length)
    expect(samples.length).toBe(collection.measured * request.repetitions)
    expect((await host.call('estimator.collections', {})).collections.map((one) => one.id)).toEqual([id])
  })

  it('data set: added whole or not at all, and no half copy is left', { timeout: 300_000 }, async () => {
    const data = path.join(folder, 'dataset')
    mkdirSync(data, { recursive: true })
    const file = path.join(folder, 'table.csv')
    const rows = Array.from(
      { length: 60_000 },
      (_, at) => `${at % 251},${at % 17},${(at * 7) % 5},class${at % 4}`
    )
    writeFileSync(file, `a,b,c,label\n${rows.join('\n')}\n`)
    const request = dataSetRequestSchema.parse({ path: file, name: 'table', labelColumn: 'label' })
    host = await serveHost(data)
    for (let kill = 0; kill < 3; kill++) {
      const killed: ServedHost = host
      const jobId = await killed.call('dataset.add', request).then(
        (reply) => reply.jobId,
        () => null
      )
      await new Promise((resolve) => setTimeout(resolve, random.integer(1200)))
      // Of this job: the removal of the last set announces a change of the same name.
      const isAnnounced = killed.heard.some(isDone(jobId))
      await killed.kill()
      host = await serveHost(data)
      const { dataSets } = await host.call('dataset.list', {})
      if (isAnnounced) expect(dataSets.map(({ name }) => name)).toEqual(['table'])
      for (const one of dataSets) expect(one).toMatchObject({ name: 'table', problem: null, items: 60_000 })
      if (dataSets.length > 0) await host.call('dataset.remove', { name: 'table' })
    }
    const { jobId } = await host.call('dataset.add', request)
    await host.heardOf(isDone(jobId), 120_000)
    const { dataSet } = await host.call('dataset.info', { name: 'table' })
    expect(dataSet).toMatchObject({ items: 60_000, classes: ['class0', 'class1', 'class2', 'class3'] })
    await host.call('dataset.remove', { name: 'table' })
    const left = (await readdir(data, { recursive: true })).filter((name) =>
      /table|items|\.tmp|partial/i.test(name)
    )
    expect(left).toEqual([])
  })

  it('session: its runs are there whole or not at all, and come once', { timeout: 300_000 }, async () => {
    const data = path.join(folder, 'session')
    host = await serveHost(data)
    const { examples } = await host.call('session.examples', {})
    const names = examples.map(({ name }) => name)
    for (const name of names.slice(0, 3)) {
      const before = (await host.call('run.list', {})).runs.length
      const killed: ServedHost = host
      const reply = killed.call('session.openExample', { name }).then(
        () => true,
        () => false
      )
      await new Promise((resolve) => setTimeout(resolve, random.integer(400)))
      await killed.kill()
      const isConfirmed = await reply
      host = await serveHost(data)
      const { runs } = await host.call('run.list', {})
      expect(runs.filter(({ state }) => state === 'unreadable')).toEqual([])
      const again = await host.call('session.openExample', { name })
      const after = (await host.call('run.list', {})).runs
      expect(after.length - before).toBe(again.runs.length)
      expect(new Set(after.map(({ id }) => id)).size).toBe(after.length)
      const isHere = again.runs.every(({ state }) => state === 'alreadyHere')
      const isNew = again.runs.every(({ state }) => state === 'added')
      expect(isHere || isNew).toBe(true)
      if (isConfirmed) expect(isHere).toBe(true)
    }
  })
})
