import { createEstimatorService, type EstimatorService } from '../estimator/estimatorService'
import { createEstimatorStore } from '../estimator/estimatorStore'
import type { Foundation } from './foundation'

/** Latency estimators by stage. */
export function connectEstimators(foundation: Foundation): EstimatorService {
  const { store, jobs, tasks, emitter, nowMs, newId } = foundation
  return createEstimatorService({
    store: createEstimatorStore(store),
    jobs,
    tasks,
    emit: emitter(),
    nowMs,
    newId
  })
}
