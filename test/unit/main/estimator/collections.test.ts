import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { samplesFromJson } from '@core/estimator/samples/readSamples'
import type { StageMeter } from '@main/estimator/collect/collect'
import { createCollections } from '@main/estimator/collect/collectionService'
import { createCollectionStore } from '@main/estimator/collect/collectionStore'
import { estimatorMigrations } from '@main/estimator/estimatorStore'
import { createJobService } from '@main/jobs/jobService'
import { createRunLabels, runMigrations } from '@main/runs/runLabels'
import { openStore } from '@main/store/store'
import { estimatorContract } from '@shared/contract/estimator'
import { collectionRequestSchema, type CollectionStep } from '@shared/contract/estimator/collection'
import { AppError } from '@shared/errors'

const folder = mkdtempSync(path.join(tmpdir(), 'collections-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const context = { signal: new AbortController().signal }
const subject: StageMeter['subject'] = {
  ...{
    model: 'net',
    runner: 'fake',
    runtime: 'fake 1',
    device: 'cpu',
    deviceName: null,
    threads: 1,
    notes: []
  }
}

/** A meter whose stages cost what their knobs say; `refuse` and `dieAt` make it fail. */
interface Fake {
  subject?: StageMeter['subject']
  refuse?: (step: CollectionStep) => boolean
  /** Crashes at this configuration of a start, counted from 1. */
  dieAt?: number
  onMeasure?: (count: number) => void
}

async function bench() {
  const store = await openStore({
    file: ':memory:',
    migrations: [estimatorMigrations, runMigrations],
    what: 'test'
  })
  const events: string[] = []
  const measured: CollectionStep[] = []
  const fake: Fake = {}
  let stopped = 0
  let ids = 0
  const deps = { nowMs: () => 1000, newId: () => `id${++ids}` }
  const jobs = createJobService({ ...deps, emit: () => undefined })
  const open = async (): Promise<StageMeter> => {
    let count = 0
    return {
      subject: fake.subject ?? subject,
      offer: {
        ...{ stages: ['prefill', 'decode'], limits: [{ sumOf: ['promptTokens', 'outputTokens'], max: 40 }] },
        knobs: [
          { name: 'promptTokens', is: { min: 1, max: 32 } },
          { name: 'outputTokens', is: { min: 1, max: 32 } }
        ]
      },
      async measure(step, repetitions) {
        count++
        fake.onMeasure?.(count)
        if (count === fake.dieAt) throw new AppError('job.crashed', 'The runner ended.', 'Resume.')
        if (fake.refuse?.(step) === true) return { refused: 'out of memory' }
        measured.push(step)
        const prompt = Number(step.knobs['promptTokens'])
        const decodePerTokenMs = Array.from({ length: step.outputTokens! }, (_, at) => 1 + 0.01 * at)
        return {
          times: Array.from({ length: repetitions }, () => ({
            stagesMs: { prefill: 0.5 * prompt },
            decodePerTokenMs
          }))
        }
      },
      stop: async () => void stopped++
    }
  }
  const serve = () =>
    createCollections({
      ...{ ...deps, jobs, labels: createRunLabels(store), store: createCollectionStore(store) },
      emit: (name, payload) => {
        events.push(name)
        estimatorContract.events['estimator.collected'].parse(payload)
      },
      openMeter: open,
      checkRunner: async () => undefined
    })
  const request = (more = {}) =>
    collectionRequestSchema.parse({
      ...{ runner: { kind: 'onnx', model: 'net' }, configurations: 12, repetitions: 2, ...more }
    })
  return { store, jobs, fake, measured, events, serve, request, stops: () => stopped }
}

describe('collections', () => {
  it('stores every configuration and writes samples that an estimator reads', async () => {
    const { jobs, serve, request, events, stops } = await bench()
    const { handlers } = serve()
    const { id, jobId } = await handlers['estimator.collect'](request(), context)
    expect((await jobs.follow(jobId)).state).toBe('done')
    const { collection, samples } = await handlers['estimator.collection']({ id }, context)
    expect(collection).toMatchObject({ state: 'done', measured: 12, failed: 0, subject: { model: 'net' } })
    expect(samples).toHaveLength(24)
    const decode = samples[0]!.decodePerTokenMs!.reduce((sum, time) => sum + time, 0)
    expect(samples[0]!.stages['decode']).toBeCloseTo(decode, 9)
    expect(events.length).toBeGreaterThanOrEqual(12)
    expect(stops()).toBe(1)
    const file = path.join(folder, 'samples.jsonl')
    expect(await handlers['estimator.exportSamples']({ id, file }, context)).toEqual({ file, samples: 24 })
    const options = { preset: 'vlm', fileName: 'samples.jsonl', dataSet: 'net' } as const
    expect(samplesFromJson(readFileSync(file, 'utf8'), options)).toEqual(samples)
  })

  it('goes on after a crash and after a kill without measuring anything twice', async () => {
    const { jobs, fake, measured, serve, request, store } = await bench()
    const first = serve()
    fake.dieAt = 5
    const { id, jobId } = await first.handlers['estimator.collect'](request(), context)
    expect((await jobs.follow(jobId)).state).toBe('failed')
    expect((await first.handlers['estimator.collection']({ id }, context)).collection).toMatchObject({
      ...{ state: 'failed', measured: 4, message: 'The runner ended.' }
    })
    // What a kill between two writes leaves: the configuration is stored, the record does not count it.
    const record = JSON.parse(
      (await store.all<{ record: string }>('SELECT record FROM latency_collection'))[0]!.record
    ) as object
    await store.run('UPDATE latency_collection SET record = $1', [
      JSON.stringify({ ...record, state: 'running', measured: 3 })
    ])
    delete fake.dieAt
    const second = serve()
    expect((await second.runs.facts())[0]).toMatchObject({
      kind: 'collection',
      state: 'interrupted',
      resumable: true
    })
    const resumed = await second.runs.resume(id)
    expect((await jobs.follow(resumed.jobId)).state).toBe('done')
    const { collection } = await second.handlers['estimator.collection']({ id }, context)
    expect(collection).toMatchObject({ state: 'done', measured: 12 })
    expect(measured).toEqual(collection.steps)
  })

  it('knows the first refusal after a kill too', async () => {
    const { jobs, fake, serve, request, store } = await bench()
    const first = serve()
    let asked = 0
    fake.refuse = () => ++asked === 1
    fake.dieAt = 3
    const { id, jobId } = await first.handlers['estimator.collect'](request(), context)
    expect((await jobs.follow(jobId)).state).toBe('failed')
    const record = JSON.parse(
      (await store.all<{ record: string }>('SELECT record FROM latency_collection'))[0]!.record
    ) as object
    await store.run('UPDATE latency_collection SET record = $1', [
      JSON.stringify({ ...record, state: 'running', failed: 0, firstFailure: null })
    ])
    delete fake.dieAt
    const second = serve()
    await jobs.follow((await second.runs.resume(id)).jobId)
    expect((await second.handlers['estimator.collection']({ id }, context)).collection).toMatchObject({
      ...{ state: 'done', failed: 1, firstFailure: 'out of memory', measured: 11 }
    })
  })

  it('does not go on with another network, device or runtime', async () => {
    const { jobs, fake, serve, request } = await bench()
    const { handlers, runs } = serve()
    fake.dieAt = 3
    const { id, jobId } = await handlers['estimator.collect'](request(), context)
    await jobs.follow(jobId)
    fake.subject = { ...subject, deviceName: 'NVIDIA H100' }
    const job = await jobs.follow((await runs.resume(id)).jobId)
    expect(job.state).toBe('failed')
    expect((await handlers['estimator.collection']({ id }, context)).collection.message).toContain(
      'NVIDIA H100'
    )
  })

  it('counts what the runner refuses, and fails where it refuses everything', async () => {
    const { jobs, fake, serve, request } = await bench()
    const { handlers } = serve()
    fake.refuse = ({ outputTokens }) => outputTokens! > 16
    const one = await handlers['estimator.collect'](request(), context)
    await jobs.follow(one.jobId)
    const { collection } = await handlers['estimator.collection']({ id: one.id }, context)
    expect(collection.state).toBe('done')
    expect(collection.failed).toBe(collection.steps.filter(({ outputTokens }) => outputTokens! > 16).length)
    expect(collection.measured + collection.failed).toBe(12)
    fake.refuse = () => true
    const all = await handlers['estimator.collect'](request(), context)
    expect((await jobs.follow(all.jobId)).state).toBe('failed')
    expect((await handlers['estimator.collection']({ id: all.id }, context)).collection.message).toContain(
      'out of memory'
    )
    await expect(
      handlers['estimator.exportSamples']({ id: all.id, file: '/nowhere' }, context)
    ).rejects.toThrow('no samples')
  })

  it('keeps what it has when it is cancelled', async () => {
    const { jobs, fake, serve, request } = await bench()
    const { handlers } = serve()
    fake.onMeasure = (count) => count === 4 && jobs.list().forEach(({ id }) => jobs.cancel(id))
    const { id, jobId } = await handlers['estimator.collect'](request(), context)
    expect((await jobs.follow(jobId)).state).toBe('cancelled')
    const { collection, samples } = await handlers['estimator.collection']({ id }, context)
    expect(collection).toMatchObject({ state: 'cancelled', measured: 4 })
    expect(samples).toHaveLength(8)
  })

  it('fails at once for a knob that the runner does not have', async () => {
    const { jobs, serve, request } = await bench()
    const { handlers } = serve()
    const { id, jobId } = await handlers['estimator.collect'](
      request({ knobs: { blocks: { min: 1, max: 2 } } }),
      context
    )
    expect((await jobs.follow(jobId)).state).toBe('failed')
    expect((await handlers['estimator.collection']({ id }, context)).collection.message).toContain('"blocks"')
  })
})
