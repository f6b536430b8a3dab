import type { ModelCheck, ModelInfo, ModelSummary } from '@shared/contract/model'
import { AppError } from '@shared/errors'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction, forgetOnChange } from './window/action'
import { createNewest } from './window/newest'
import { useJobs } from './job'
import { createModelResults } from './modelResults'

/** The data set that models are judged on. */
export type DataSet = CommandOutput<'model.list'>['dataSet']

/** Networks, and the accuracy of schemes on the one that is open. */
export const useModels = defineStore('model', () => {
  const client = useClient()
  const models = ref<ModelSummary[]>([])
  const dataSet = ref<DataSet | null>(null)
  const open = shallowRef<ModelInfo | null>(null)
  /** The one looked at last, before any is open. */
  const lastId = ref<string | null>(null)
  const { clearResults, loadResults, ...results } = createModelResults(
    client,
    useJobs(),
    () => open.value?.id
  )
  /** The file last checked because it could not be opened, or the open one; null where it can be opened and deployed. */
  const obstacles = shallowRef<{ path: string; check: ModelCheck } | null>(null)

  const layers = computed(() => open.value?.weightedLayers ?? [])

  /** For each file that is looked at: what is found about an earlier one comes too late. */
  const beginLook = createNewest()
  /** Finds the obstacles of a file; shipped networks have none. */
  async function lookForObstacles(path: string): Promise<void> {
    const isNewest = beginLook()
    const { check } = await client.call('model.check', { path })
    if (isNewest() && check.obstacles.length > 0) obstacles.value = { path, check }
  }

  async function show(model: ModelInfo, isLookedAt = true): Promise<void> {
    if (open.value?.id !== model.id) clearResults()
    open.value = model
    // The obstacles of a large network take seconds to find, and nothing here waits for them.
    if (isLookedAt && !model.shipped) void lookForObstacles(model.path).catch(() => undefined)
    await loadResults(model.id)
  }

  /** Shows a network that was chosen; what was found about a file before is no longer of interest. */
  async function choose(model: ModelInfo): Promise<void> {
    obstacles.value = null
    beginLook()
    await show(model)
  }

  /** Networks chosen so far: an earlier one that is read more slowly is not shown over a later one. */
  let choices = 0
  const select = createAction(async (modelId: string) => {
    const mine = ++choices
    const { model } = await client.call('model.info', { modelId })
    if (mine === choices) await choose(model)
  })

  /** Lists the networks, and shows one where none is. That is no choice: a file that is being opened replaces it. */
  const load = createAction(async () => {
    const before = choices
    const reply = await client.call('model.list', {})
    models.value = reply.models
    dataSet.value = reply.dataSet
    const first =
      reply.models.find(({ id }) => id === lastId.value) ??
      reply.models.find(({ shipped, name }) => shipped && name.startsWith('lenet5')) ??
      reply.models.find(({ shipped }) => shipped) ??
      reply.models[0]
    if (open.value !== null || first === undefined) return
    const { model } = await client.call('model.info', { modelId: first.id })
    // What stands in the way of a file that was dropped is more than the network that is shown because none was.
    const isLookedAt = !openFile.busy && obstacles.value === null
    if (before === choices && open.value === null) await show(model, isLookedAt)
  })

  /** Judges the open model on another data set from now on; null: the shipped images. */
  const useDataSet = createAction(async (name: string | null) => {
    if (open.value === null) return
    const modelId = open.value.id
    await client.call('model.useDataSet', { modelId, dataSet: name })
    const { model } = await client.call('model.info', { modelId })
    if (open.value?.id === modelId) await choose(model)
  })

  /** Opens the open model with another of its outputs, and lists what that makes. */
  const useOutput = createAction(async (output: string) => {
    if (open.value === null) return
    const mine = ++choices
    const { model } = await client.call('model.useOutput', { modelId: open.value.id, output })
    models.value = (await client.call('model.list', {})).models
    if (mine === choices) await choose(model)
  })

  const openFile = createAction(async (path: string) => {
    const mine = ++choices
    obstacles.value = null
    const { model } = await client.call('model.open', { path }).catch(async (reason: unknown) => {
      // The list of all obstacles replaces the first of them.
      if (AppError.from(reason).code.startsWith('model.')) await lookForObstacles(path).catch(() => undefined)
      throw reason
    })
    models.value = (await client.call('model.list', {})).models
    if (mine === choices) await choose(model)
    return model
  })

  /** Takes the list of obstacles and the error behind it off the page. */
  function closeObstacles(): void {
    obstacles.value = null
    openFile.error = null
  }

  const { evaluate, findSensitivity, measureRanges } = results
  forgetOnChange(() => open.value?.id, [evaluate, findSensitivity, measureRanges, useDataSet, useOutput])
  return {
    ...{ models, dataSet, open, lastId, layers, obstacles, closeObstacles },
    ...{ select, load, openFile, useDataSet, useOutput },
    ...results
  }
})
