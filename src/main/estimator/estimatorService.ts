import { stat } from 'node:fs/promises'
import path from 'node:path'
import {
  estimatorFromJson,
  predictConfigurations,
  type LatencyEstimator
} from '../../core/estimator/fit/estimator'
import type { SamplePresetName } from '../../shared/vocabulary'
import type { StageSample } from '../../core/estimator/samples/stageSample'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import {
  trainedEpochSchema,
  type EstimatorSummary,
  type StageTransferPointJson,
  type estimatorContract
} from '../../shared/contract/estimator'
import { AppError } from '../../shared/errors'
import type { JobService } from '../jobs/jobService'
import type { TaskRunner, TaskTableOf } from '../threads/taskPool'
import { hashSamples } from './estimatorFiles'
import type { EstimatorStore } from './estimatorStore'
import type { estimatorTasks, TrainOutput } from './estimatorTasks'
import { readDataSets, readStageFile } from './sampleFiles'

/** The part of the task pool this noun needs. */
export type EstimatorTaskRunner = TaskRunner<TaskTableOf<typeof estimatorTasks>>

/** What the estimator service is made from. */
export interface EstimatorServiceDeps {
  store: EstimatorStore
  jobs: JobService
  tasks: EstimatorTaskRunner
  emit: EmitterOf<typeof estimatorContract>
  nowMs: () => number
  newId: () => string
}

/** Training is plain arithmetic that cannot observe an abort: its worker is ended after this. */
const graceMs = 100
/** Models that are kept revived for live predictions. */
const maxRevived = 8

/** The latency estimators of the contract. */
export type EstimatorService = ReturnType<typeof createEstimatorService>

/** Use cases of latency estimators: train, list, inspect, predict, transfer. */
export function createEstimatorService(deps: EstimatorServiceDeps) {
  const { store, jobs, tasks, emit, nowMs, newId } = deps
  const revived = new Map<string, LatencyEstimator>()
  let transfer: { title: string; points: StageTransferPointJson[]; chosen: Record<string, string> } = {
    title: '',
    points: [],
    chosen: {}
  }

  const find = async (id: string): Promise<TrainOutput> => {
    const trained = await store.trained(id)
    if (trained !== null) return trained
    throw new AppError('input.notFound', `There is no estimator ${id}.`, 'Open the list again.')
  }
  const estimatorOf = async (id: string): Promise<LatencyEstimator> => {
    const known = revived.get(id)
    if (known !== undefined) return known
    const estimator = estimatorFromJson((await find(id)).json)
    const [oldest] = revived.keys()
    if (revived.size >= maxRevived && oldest !== undefined) revived.delete(oldest)
    revived.set(id, estimator)
    return estimator
  }
  const summaryOf = async (id: string): Promise<EstimatorSummary> => {
    const summary = (await store.list()).find((one) => one.id === id)
    if (summary !== undefined) return summary
    throw new AppError('input.notFound', `There is no estimator ${id}.`, 'Open the list again.')
  }

  const handlers: HandlersOf<typeof estimatorContract> = {
    'estimator.list': async () => ({ estimators: await store.list() }),
    'estimator.train': async ({ paths, preset, title, ...options }) =>
      jobs.launch({
        kind: 'estimator.train',
        title: `Train a ${options.model} estimator`,
        unit: 'epochs',
        total: options.epochs,
        async run(context) {
          const samples = await readSamplePaths(paths, preset)
          const trained = await tasks.run(
            'estimator.train',
            { samples, dataHash: hashSamples(samples), ...options },
            {
              signal: context.signal,
              graceMs,
              onProgress(done, total, note) {
                context.progress(done, total, '')
                const epoch = trainedEpochSchema.safeParse(
                  JSON.parse(note === '' ? 'null' : (note ?? 'null'))
                )
                if (epoch.success) emit('estimator.epoch', { jobId: context.id, epoch: epoch.data })
              }
            }
          )
          const estimator: EstimatorSummary = {
            id: newId(),
            title: title ?? `${options.model}, ${paths.map((file) => path.basename(file)).join(', ')}`,
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
      }),
    'estimator.detail': async ({ id }) => ({
      estimator: await summaryOf(id),
      ...(await find(id)).detail
    }),
    'estimator.remove': async ({ id }) => {
      await store.remove(id)
      revived.delete(id)
      return { ok: true }
    },
    'estimator.predict': async ({ id, configurations, level }) => ({
      predictions: predictConfigurations(
        await estimatorOf(id),
        configurations.map(({ knobs, outputTokens }) => ({
          knobs,
          ...(outputTokens === undefined ? {} : { outputTokens })
        })),
        level
      )
    }),
    'estimator.transfer': async ({ source, target, preset, sizes, seeds }) =>
      jobs.launch({
        kind: 'estimator.transfer',
        title: 'Transfer to another device',
        unit: 'draws',
        async run(context) {
          const [from, to] = [await readSamplePaths(source, preset), await readSamplePaths(target, preset)]
          const curve = await tasks.run(
            'estimator.transfer',
            { source: from, target: to, sizes, seeds },
            { signal: context.signal, graceMs, onProgress: context.progress }
          )
          const names = (files: readonly string[]): string =>
            files.map((file) => path.basename(file)).join(', ')
          transfer = { title: `${names(source)} to ${names(target)}`, ...curve }
          emit('estimator.transferred', { jobId: context.id })
        }
      }),
    'estimator.transferCurve': async () => transfer
  }
  return { handlers }
}

/** Samples of files and of folders with their data sets. @throws input.notFound, data.invalid, data.missing */
async function readSamplePaths(paths: readonly string[], preset: SamplePresetName): Promise<StageSample[]> {
  const parts: StageSample[][] = []
  for (const file of paths) {
    const found = await stat(file).catch(() => null)
    if (found?.isDirectory() === true)
      parts.push(...(await readDataSets(file, preset, true)).map((set) => set.samples))
    else parts.push(await readStageFile(path.resolve(file), preset))
  }
  return parts.flat()
}
