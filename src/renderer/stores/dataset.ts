import type { DataSetInfo } from '@shared/contract/dataset'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction, forEvery, forgetOnChange } from './window/action'
import { useJobs } from './job'

/** An item of a data set to show. */
export type DatasetPreviewItem = CommandOutput<'dataset.preview'>['items'][number]

/** Split that an item belongs to. */
export type DatasetSplit = DatasetPreviewItem['split']

/** The user's data sets, and the one that is looked at. */
export const useDataSets = defineStore('dataset', () => {
  const client = useClient()
  const jobs = useJobs()
  const dataSets = ref<DataSetInfo[]>([])
  const openName = ref<string | null>(null)
  const preview = shallowRef<DatasetPreviewItem[]>([])
  const split = ref<DatasetSplit>('test')
  const open = computed(() => dataSets.value.find(({ name }) => name === openName.value) ?? null)
  const reading = computed(() => jobs.running.filter(({ kind }) => kind === 'dataset.add'))

  async function refresh(): Promise<void> {
    dataSets.value = (await client.call('dataset.list', {})).dataSets
    if (open.value === null) openName.value = dataSets.value[0]?.name ?? null
  }

  async function look(): Promise<void> {
    const [name, part] = [openName.value, split.value]
    const items = name === null ? [] : (await client.call('dataset.preview', { name, split: part })).items
    // Another set or split was chosen meanwhile.
    if (name === openName.value && part === split.value) preview.value = items
  }

  const load = createAction(async () => {
    await refresh()
    await look()
  })
  const select = createAction(async (name: string) => {
    openName.value = name
    await look()
  })
  const selectSplit = createAction(async (name: DatasetSplit) => {
    split.value = name
    await look()
  })
  const add = createAction(async (request: CommandInput<'dataset.add'>) => {
    const { jobId } = await client.call('dataset.add', request)
    await jobs.whenSettled(jobId)
    await refresh()
    openName.value = request.name
    await look()
  })
  /** Every one of them is tried before a failure is reported. */
  const remove = createAction(async (...names: string[]) => {
    await forEvery(names, (name) => client.call('dataset.remove', { name })).finally(() => load.run())
  })

  forgetOnChange(openName, [selectSplit])
  return { dataSets, open, openName, preview, split, reading, load, select, selectSplit, add, remove }
})
