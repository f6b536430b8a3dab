import {
  estimatorFromJson,
  predictConfigurations,
  type LatencyEstimator
} from '../../core/estimator/fit/estimator'
import type { HandlersOf } from '../../shared/contract/framework/define'
import { type EstimatorSummary, type estimatorContract } from '../../shared/contract/estimator'
import { AppError } from '../../shared/errors'
import type { RunKind } from '../runs/runKeeper'
import type { Collections } from './collect/collectionService'
import { type EstimatorServiceDeps, type StageTransfer, trainJob, transferJob } from './estimatorJobs'
import type { TrainOutput } from './estimatorTasks'

export type { EstimatorServiceDeps, EstimatorTaskRunner } from './estimatorJobs'

/** Models that are kept in memory for live predictions. */
const maxRevived = 8

/** The latency estimators of the contract. */
export interface EstimatorService {
  handlers: HandlersOf<typeof estimatorContract>
  /** Collections as stored, resumable runs. */
  collections: RunKind
}

/** Use cases of latency estimators: train, list, inspect, predict, transfer. */
export function createEstimatorService({
  collections,
  ...needs
}: Omit<EstimatorServiceDeps, 'collected'> & { collections: Collections }): EstimatorService {
  const deps: EstimatorServiceDeps = { ...needs, collected: collections.samplesOf }
  const { store, jobs } = deps
  const revived = new Map<string, LatencyEstimator>()
  let transfer: StageTransfer = { title: '', points: [], chosen: {} }

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
    ...collections.handlers,
    'estimator.list': async () => ({ estimators: await store.list() }),
    'estimator.train': async (request) => jobs.launch(trainJob(deps, request)),
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
    'estimator.transfer': async (request) =>
      jobs.launch(transferJob(deps, request, (found) => (transfer = found))),
    'estimator.transferCurve': async () => transfer
  }
  return { handlers, collections: collections.runs }
}
