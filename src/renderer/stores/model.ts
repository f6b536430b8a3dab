import type {
  SchemeAccuracy,
  ModelInfo,
  ModelSummary,
  SchemeJson,
  Sensitivity,
  Split
} from '@shared/contract/model'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction, forgetOnChange } from './action'
import { useJobs } from './job'

/** The data set that models are judged on. */
export type DataSet = CommandOutput<'model.list'>['dataSet']

/** Networks, and the accuracy of schemes on the one that is open. */
export const useModels = defineStore('model', () => {
  const client = useClient()
  const jobs = useJobs()
  const models = ref<ModelSummary[]>([])
  const dataSet = ref<DataSet | null>(null)
  const open = shallowRef<ModelInfo | null>(null)
  /** The one looked at last, before any is open. */
  const lastId = ref<string | null>(null)
  const evaluations = ref<SchemeAccuracy[]>([])
  const sensitivities = ref<Sensitivity[]>([])

  const layers = computed(() => open.value?.weightedLayers ?? [])

  client.subscribe('model.evaluated', (evaluation) => {
    if (evaluation.modelId === open.value?.id) evaluations.value.push(evaluation)
  })
  client.subscribe('model.sensitivityFound', ({ modelId, rows }) => {
    if (modelId === open.value?.id) sensitivities.value = rows
  })

  async function show(model: ModelInfo): Promise<ModelInfo> {
    if (open.value?.id !== model.id) {
      evaluations.value = []
      sensitivities.value = []
    }
    open.value = model
    const [evaluated, sensitive] = await Promise.all([
      client.call('model.evaluations', { modelId: model.id }),
      client.call('model.sensitivities', { modelId: model.id })
    ])
    // Another network may have been opened meanwhile: its results stand, not these.
    if (open.value.id !== model.id) return model
    evaluations.value = evaluated.evaluations
    sensitivities.value = sensitive.rows
    return model
  }

  const select = createAction(async (modelId: string) =>
    show((await client.call('model.info', { modelId })).model)
  )

  const load = createAction(async () => {
    const answer = await client.call('model.list', {})
    models.value = answer.models
    dataSet.value = answer.dataSet
    const first =
      answer.models.find(({ id }) => id === lastId.value) ??
      answer.models.find(({ shipped }) => shipped) ??
      answer.models[0]
    if (open.value === null && first !== undefined) {
      await show((await client.call('model.info', { modelId: first.id })).model)
    }
  })

  /** Judges the open model on another data set from now on; null: the shipped images. */
  const useDataSet = createAction(async (name: string | null) => {
    if (open.value === null) return
    const modelId = open.value.id
    await client.call('model.useDataSet', { modelId, dataSet: name })
    await show((await client.call('model.info', { modelId })).model)
  })

  const openFile = createAction(async (path: string) => {
    const { model } = await client.call('model.open', { path })
    models.value = (await client.call('model.list', {})).models
    return show(model)
  })

  const evaluate = createAction(async (modelId: string, scheme: SchemeJson | null, split: Split) => {
    const { jobId } = await client.call('model.evaluate', { modelId, scheme, split })
    await jobs.whenSettled(jobId)
    const found = (await client.call('model.evaluations', { modelId })).evaluations
    if (open.value?.id === modelId) evaluations.value = found
  })

  const findSensitivity = createAction(async (modelId: string) => {
    const { jobId } = await client.call('model.sensitivity', { modelId })
    await jobs.whenSettled(jobId)
    const found = (await client.call('model.sensitivities', { modelId })).rows
    if (open.value?.id === modelId) sensitivities.value = found
  })

  forgetOnChange(() => open.value?.id, [evaluate, findSensitivity, useDataSet])
  return {
    models,
    dataSet,
    open,
    lastId,
    layers,
    evaluations,
    sensitivities,
    select,
    load,
    openFile,
    useDataSet,
    evaluate,
    findSensitivity
  }
})
