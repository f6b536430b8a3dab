import type { EstimatorDetail, EstimatorSummary, TrainedEpochJson } from '@shared/contract/estimator'
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { followStoredRuns } from './followStoredRuns'
import { createAction, forgetOnChange } from './window/action'
import { useLastRuns } from './window/lastRuns'
import { createNewest } from './window/newest'

type Prediction = CommandOutput<'estimator.predict'>['predictions'][number]

/** Latency estimators; the open one with its errors, its live prediction, and the transfer curve. */
export const useEstimators = defineStore('estimator', () => {
  const client = useClient()
  const last = useLastRuns()
  const estimators = ref<EstimatorSummary[]>([])
  const detail = shallowRef<EstimatorDetail | null>(null)
  const prediction = shallowRef<Prediction | null>(null)
  /** Epochs of the training that runs or ran last in this window. */
  const epochs = shallowRef<TrainedEpochJson[]>([])
  const transfer = shallowRef<CommandOutput<'estimator.transferCurve'>>({ title: '', points: [], chosen: {} })
  let trainingJob = ''

  client.subscribe('estimator.epoch', ({ jobId, epoch }) => {
    if (jobId === trainingJob) epochs.value = [...epochs.value, epoch]
  })
  client.subscribe('estimator.trained', ({ estimator }) => {
    estimators.value = [estimator, ...estimators.value.filter(({ id }) => id !== estimator.id)]
    void select.run(estimator.id)
  })
  client.subscribe('estimator.transferred', () => void loadTransfer.run())

  const beginSelect = createNewest()
  const select = createAction(async (id: string) => {
    const isNewest = beginSelect()
    prediction.value = null
    const found = await client.call('estimator.detail', { id })
    // Another estimator was chosen while this one was read.
    if (!isNewest()) return
    detail.value = found
    last.note('estimator', id)
  })
  const load = createAction(async () => {
    estimators.value = (await client.call('estimator.list', {})).estimators
    const shown =
      detail.value?.estimator.id ?? last.idIn('estimator', estimators.value) ?? estimators.value[0]?.id
    if (shown !== undefined) await select.run(shown)
    await loadTransfer.run()
  })
  followStoredRuns(client, 'estimator', {
    listed: () => estimators.value,
    load: () => load.run(),
    close: (id) => {
      if (detail.value?.estimator.id === id) detail.value = null
    }
  })
  const loadTransfer = createAction(async () => {
    transfer.value = await client.call('estimator.transferCurve', {})
  })
  const train = createAction(async (input: CommandInput<'estimator.train'>) => {
    epochs.value = []
    trainingJob = (await client.call('estimator.train', input)).jobId
  })
  const remove = createAction(async (id: string) => {
    await client.call('estimator.remove', { id })
    if (detail.value?.estimator.id === id) detail.value = null
    await load.run()
  })
  const beginPredict = createNewest()
  /** Only the newest request's result is shown: sliders move faster than a slow line returns results. */
  const predict = createAction(
    async (configuration: CommandInput<'estimator.predict'>['configurations'][number]) => {
      const id = detail.value?.estimator.id
      if (id === undefined) return
      const isNewest = beginPredict()
      const { predictions } = await client.call('estimator.predict', { id, configurations: [configuration] })
      if (isNewest()) prediction.value = predictions[0] ?? null
    }
  )
  const runTransfer = createAction(async (input: CommandInput<'estimator.transfer'>) => {
    await client.call('estimator.transfer', input)
  })

  forgetOnChange(() => detail.value?.estimator.id, [predict])
  return {
    estimators,
    detail,
    prediction,
    epochs,
    transfer,
    select,
    load,
    train,
    remove,
    predict,
    runTransfer
  }
})
