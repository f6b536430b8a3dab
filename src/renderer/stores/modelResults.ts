import type { ModelRanges } from '@shared/contract/model/modelRanges'
import type { SchemeAccuracy, SchemeJson, Sensitivity, Split } from '@shared/contract/model'
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import type { Client } from '../client/client'
import type { useJobs } from './job'
import { createAction, type Action } from './window/action'

/** What was measured of the network that is open. */
export interface ModelResults {
  readonly evaluations: Ref<SchemeAccuracy[]>
  readonly sensitivities: Ref<Sensitivity[]>
  readonly ranges: ShallowRef<ModelRanges | null>
  /** Takes the results of a network that is open no more off the page. */
  clearResults(): void
  /** Reads what is kept of a network; it stands only if that network is still open then. */
  loadResults(modelId: string): Promise<void>
  readonly evaluate: Action<[modelId: string, scheme: SchemeJson | null, split: Split], void>
  readonly findSensitivity: Action<[modelId: string], void>
  readonly measureRanges: Action<[modelId: string], void>
}

/** Results of the network whose id `openId` returns; those of others are left out when they come. */
export function createModelResults(
  client: Client,
  jobs: ReturnType<typeof useJobs>,
  openId: () => string | undefined
): ModelResults {
  const evaluations = ref<SchemeAccuracy[]>([])
  const sensitivities = ref<Sensitivity[]>([])
  const ranges = shallowRef<ModelRanges | null>(null)

  client.subscribe('model.evaluated', (evaluation) => {
    if (evaluation.modelId === openId()) evaluations.value.push(evaluation)
  })
  client.subscribe('model.sensitivityFound', ({ modelId, rows }) => {
    if (modelId === openId()) sensitivities.value = rows
  })
  client.subscribe('model.rangesFound', (found) => {
    if (found.modelId === openId()) ranges.value = found
  })

  function clearResults(): void {
    ranges.value = null
    evaluations.value = []
    sensitivities.value = []
  }

  async function loadResults(modelId: string): Promise<void> {
    const [evaluated, sensitive, ranged] = await Promise.all([
      client.call('model.evaluations', { modelId }),
      client.call('model.sensitivities', { modelId }),
      client.call('model.ranges', { modelId })
    ])
    // Another network may have been opened meanwhile: its results stand, not these.
    if (openId() !== modelId) return
    evaluations.value = evaluated.evaluations
    sensitivities.value = sensitive.rows
    ranges.value = ranged.ranges
  }

  const evaluate = createAction(async (modelId: string, scheme: SchemeJson | null, split: Split) => {
    const { jobId } = await client.call('model.evaluate', { modelId, scheme, split })
    await jobs.whenSettled(jobId)
    const found = (await client.call('model.evaluations', { modelId })).evaluations
    if (openId() === modelId) evaluations.value = found
  })

  const findSensitivity = createAction(async (modelId: string) => {
    const { jobId } = await client.call('model.sensitivity', { modelId })
    await jobs.whenSettled(jobId)
    const found = (await client.call('model.sensitivities', { modelId })).rows
    if (openId() === modelId) sensitivities.value = found
  })

  const measureRanges = createAction(async (modelId: string) => {
    const { jobId } = await client.call('model.measureRanges', { modelId })
    await jobs.whenSettled(jobId)
    const found = (await client.call('model.ranges', { modelId })).ranges
    if (openId() === modelId) ranges.value = found
  })

  return {
    ...{ evaluations, sensitivities, ranges, clearResults, loadResults },
    ...{ evaluate, findSensitivity, measureRanges }
  }
}
