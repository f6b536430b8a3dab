import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { simulateSamples } from '@core/estimator/simulate'
import { createEstimatorService } from '@main/estimator/estimatorService'
import { createEstimatorStore, estimatorMigrations } from '@main/estimator/estimatorStore'
import { estimatorTasks } from '@main/estimator/estimatorTasks'
import { createCollections } from '@main/estimator/collect/collectionService'
import { createCollectionStore } from '@main/estimator/collect/collectionStore'
import { createRunLabels, runMigrations } from '@main/runs/runLabels'
import { createJobService } from '@main/jobs/jobService'
import { openStore } from '@main/store/store'
import { estimatorContract } from '@shared/contract/estimator'

const folder = mkdtempSync(path.join(tmpdir(), 'estimatorService-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string): string => path.join(folder, name)

beforeAll(() => {
  for (const [name, speed] of [
    ['source.json', 1],
    ['target.json', 2]
  ] as const) {
    const samples = simulateSamples({
      count: 80,
      seed: 4,
      prefillNoise: 0.02,
      decodeNoise: 0.04,
      positionSlope: 0,
      recordPositions: false,
      speed
    })
    writeFileSync(file(name), JSON.stringify(samples))
  }
})

async function service() {
  const store = await openStore({
    file: file('data.duckdb'),
    migrations: [estimatorMigrations, runMigrations],
    what: 'test'
  })
  let id = 0
  const events: [string, unknown][] = []
  const ended: (() => void)[] = []
  const emit = (name: string, payload: unknown): void => {
    events.push([name, payload])
    if (name === 'job.changed' && (payload as { finishedAtMs: number | null }).finishedAtMs !== null)
      ended.splice(0).forEach((end) => end())
  }
  const deps = { nowMs: () => 1000, newId: () => `id${++id}` }
  const jobs = createJobService({ ...deps, emit })
  const { handlers } = createEstimatorService({
    ...deps,
    collections: createCollections({
      ...{ ...deps, jobs, emit, labels: createRunLabels(store), store: createCollectionStore(store) },
      openMeter: () => Promise.reject(new Error('nothing is collected here')),
      checkRunner: async () => undefined
    }),
    store: createEstimatorStore(store),
    jobs,
    emit,
    tasks: {
      run: async (name, input, options) => {
        const work = estimatorTasks[name] as (input: unknown, context: unknown) => unknown
        return work(input, { progress: options?.onProgress ?? (() => undefined) }) as never
      }
    }
  })
  const finished = (): Promise<void> => new Promise((resolve) => ended.push(resolve))
  return { call: handlers, events, jobs, finished, close: () => store.close() }
}

const context = { signal: new AbortController().signal }
const contract = estimatorContract.commands

describe('estimator service', () => {
  it('trains in a job, stores, details, predicts and removes, as the contract says', async () => {
    const { call, events, finished, close } = await service()
    const done = finished()
    const request = { paths: [file('source.json')], model: 'mlp', epochs: 3 } as const
    await call['estimator.train'](contract['estimator.train'].in.parse(request), context)
    await done
    expect(events.filter(([name]) => name === 'estimator.epoch')).toHaveLength(3)
    const { estimators } = await call['estimator.list']({}, context)
    expect(estimators).toHaveLength(1)
    expect(estimators[0]).toMatchObject({ model: 'mlp', origin: 'simulated', title: 'mlp, source.json' })
    const id = estimators[0]?.id ?? ''

    const detail = await call['estimator.detail']({ id }, context)
    expect(contract['estimator.detail'].out.parse(detail).history).toHaveLength(3)
    expect(detail.position).toMatchObject({ identifiable: false, slope: 0 })
    const knobs = { visionTokens: 576, promptTokens: 50, moeTopK: 8, activeBlocks: 40, tier: 'medium' }
    const { predictions } = await call['estimator.predict'](
      { id, configurations: [{ knobs, outputTokens: 30 }], level: 0.9 },
      context
    )
    expect(predictions[0]?.warnings[0]).toMatch(/activeBlocks = 40/)
    await call['estimator.remove']({ id }, context)
    await expect(call['estimator.detail']({ id }, context)).rejects.toMatchObject({ code: 'input.notFound' })
    await close()
  })

  it('a transfer ends with its curve; a missing file ends the job with its error', async () => {
    const { call, jobs, finished, close } = await service()
    let done = finished()
    const request = { source: [file('source.json')], target: [file('target.json')], preset: 'vlm' as const }
    await call['estimator.transfer']({ ...request, sizes: [10], seeds: 1 }, context)
    await done
    const { points, chosen, title } = await call['estimator.transferCurve']({}, context)
    expect(title).toBe('source.json to target.json')
    expect(points.find(({ method }) => method === 'none')?.totalMape).toBeCloseTo(100, 0)
    expect(Object.keys(chosen)).toEqual(['10'])

    done = finished()
    await call['estimator.train'](
      contract['estimator.train'].in.parse({ paths: [file('none.json')] }),
      context
    )
    await done
    expect(jobs.list().find(({ kind }) => kind === 'estimator.train')?.error).toMatchObject({
      code: 'input.notFound'
    })
    await close()
  })
})
