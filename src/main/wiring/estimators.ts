import { createEstimatorService, type EstimatorService } from '../estimator/estimatorService'
import { createEstimatorStore, type EstimatorStore } from '../estimator/estimatorStore'
import { withoutForgotten } from '../runs/keptRuns'
import { createRunLabels } from '../runs/runLabels'
import type { Foundation } from './foundation'

/** Latency estimators by stage. */
export function connectEstimators(foundation: Foundation): {
  estimator: EstimatorService
  /** All estimators, deleted ones too. */
  estimators: EstimatorStore
} {
  const { store, jobs, tasks, emitter, nowMs, newId } = foundation
  const estimators = createEstimatorStore(store)
  const labels = createRunLabels(store)
  const estimator = createEstimatorService({
    store: { ...estimators, list: withoutForgotten(labels, () => estimators.list()) },
    jobs,
    tasks,
    emit: emitter(),
    nowMs,
    newId
  })
  return { estimator, estimators }
}
