import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { StageSample } from '../../core/estimator/samples/stageSample'
import {
  trainedEpochSchema,
  type EstimatorSummary,
  type StageTransferPointJson,
  type estimatorContract
} from '../../shared/contract/estimator'
import { AppError } from '../../shared/errors'
import type { ArgumentsOf, EmitterOf } from '../../shared/contract/framework/define'
import type { SampleReading } from '../../core/estimator/samples/readSamples'
import type { JobService, JobSpec } from '../jobs/jobService'
import type { TaskRunner, TaskTableOf } from '../threads/taskPool'
import { hashSamples } from './estimatorFiles'
import type { EstimatorStore } from './estimatorStore'
import type { estimatorTasks } from './estimatorTasks'
import { readDataSets, readStageFile } from './sampleFiles'

/** The part of the task pool this noun needs. */
export type EstimatorTaskRunner = TaskRunner<TaskTableOf<typeof estimatorTasks>>

/** What the estimator service is made from. */
export interface EstimatorServiceDeps {
  store: EstimatorStore
  jobs: JobService
  tasks: EstimatorTaskRunner
  emit: EmitterOf<typeof estimatorContract>
  /** Samples of a collection. */
  collected(id: string): Promise<StageSample[]>
  nowMs: () => number
  newId: () => string
}

/** Errors of a model on another device by the samples it was given there, and what was chosen by stage. */
export interface StageTransfer {
  title: string
  points: StageTransferPointJson[]
  chosen: Record<string, string>
}

/** Training is plain arithmetic that cannot observe an abort: its worker is ended after this. */
const graceMs = 100

/** Reads the samples, trains in a worker, stores the estimator and announces it; every epoch is an event. */
export function trainJob(
  { store, tasks, emit, nowMs, newId, collected }: EstimatorServiceDeps,
  {
    paths,
    collections,
    preset,
    decimal,
    title,
    ...options
  }: ArgumentsOf<(typeof estimatorContract)['commands']['estimator.train']>
): JobSpec<void> {
  return {
    kind: 'estimator.train',
    title: `Train a ${options.model} estimator`,
    unit: 'epochs',
    total: options.epochs,
    async run(context) {
      const samples = await readSamplePaths(paths, { preset, decimal })
      for (const id of collections) for (const sample of await collected(id)) samples.push(sample)
      if (samples.length === 0) {
        throw new AppError(
          'data.missing',
          'There is nothing to train on.',
          'Give files, folders or collections.'
        )
      }
      const onProgress = (done: number, total: number, note?: string): void => {
        context.progress(done, total, '')
        const epoch = trainedEpochSchema.safeParse(JSON.parse(note === '' ? 'null' : (note ?? 'null')))
        if (epoch.success) emit('estimator.epoch', { jobId: context.id, epoch: epoch.data })
      }
      const work = { samples, dataHash: hashSamples(samples), ...options }
      const trained = await tasks.run('estimator.train', work, {
        signal: context.signal,
        graceMs,
        onProgress
      })
      const estimator: EstimatorSummary = {
        id: newId(),
        title: title ?? `${options.model}, ${paths.length > 0 ? namesOf(paths) : samples[0]?.dataSet}`,
        model: options.model,
        stages: trained.json.stages,
        rows: trained.json.rows,
        origin: trained.json.origin,
        seed: options.seed,
        createdAtMs: nowMs(),
        totalMape: trained.detail.evaluation.total.mape
      }
      await store.add(estimator, trained)
      context.progress(options.epochs, options.epochs, '')
      emit('estimator.trained', { jobId: context.id, estimator })
    }
  }
}

/** Transfers from one device's samples to another's in a worker; `found` gets the curve. */
export function transferJob(
  { tasks, emit }: EstimatorServiceDeps,
  {
    source,
    target,
    preset,
    decimal,
    sizes,
    seeds
  }: ArgumentsOf<(typeof estimatorContract)['commands']['estimator.transfer']>,
  found: (transfer: StageTransfer) => void
): JobSpec<void> {
  return {
    kind: 'estimator.transfer',
    title: 'Transfer to another device',
    unit: 'draws',
    async run(context) {
      const [from, to] = [
        await readSamplePaths(source, { preset, decimal }),
        await readSamplePaths(target, { preset, decimal })
      ]
      const curve = await tasks.run(
        'estimator.transfer',
        { source: from, target: to, sizes, seeds },
        { signal: context.signal, graceMs, onProgress: context.progress }
      )
      found({ title: `${namesOf(source)} to ${namesOf(target)}`, ...curve })
      emit('estimator.transferred', { jobId: context.id })
    }
  }
}

const namesOf = (files: readonly string[]): string => files.map((file) => path.basename(file)).join(', ')

/** Samples of files and of folders with their data sets. @throws input.notFound, data.invalid, data.missing */
async function readSamplePaths(paths: readonly string[], reading: SampleReading): Promise<StageSample[]> {
  const parts: StageSample[][] = []
  for (const file of paths) {
    const found = await stat(file).catch(() => null)
    if (found?.isDirectory() === true)
      parts.push(...(await readDataSets(file, reading, true)).map((set) => set.samples))
    else parts.push(await readStageFile(path.resolve(file), reading))
  }
  return parts.flat()
}
