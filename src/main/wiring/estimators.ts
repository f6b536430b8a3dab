import { createEstimatorService, type EstimatorService } from '../estimator/estimatorService'
import { createEstimatorStore, type EstimatorStore } from '../estimator/estimatorStore'
import { createCollections } from '../estimator/collect/collectionService'
import { createCollectionStore } from '../estimator/collect/collectionStore'
import { withoutForgotten } from '../runs/keptRuns'
import { createRunLabels } from '../runs/runLabels'
import type { WorkloadService } from '../workload/workloadService'
import type { Foundation } from './foundation'

/** Latency estimators by stage; stage times are measured by the runners of workloads. */
export function connectEstimators(
  foundation: Foundation,
  stages: WorkloadService['stages']
): {
  estimator: EstimatorService
  /** All estimators, deleted ones too. */
  estimators: EstimatorStore
} {
  const { store, jobs, tasks, emitter, nowMs, newId } = foundation
  const estimators = createEstimatorStore(store)
  const labels = createRunLabels(store)
  const collections = createCollections({
    ...{ jobs, labels, nowMs, newId, emit: emitter() },
    store: createCollectionStore(store),
    openMeter: stages.open,
    checkRunner: stages.check
  })
  const estimator = createEstimatorService({
    collections,
    store: { ...estimators, list: withoutForgotten(labels, () => estimators.list()) },
    jobs,
    tasks,
    emit: emitter(),
    nowMs,
    newId
  })
  return { estimator, estimators }
}
