import type { Collection } from '@shared/contract/estimator/collection'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { CommandInput } from '../client/client'
import { useClient } from '../client/current'
import { followStoredRuns } from './followStoredRuns'
import { createAction } from './window/action'

/** Collections of stage times, newest first. */
export const useCollections = defineStore('collection', () => {
  const client = useClient()
  const collections = ref<Collection[]>([])

  client.subscribe('estimator.collected', (collection) => {
    collections.value = collections.value.some(({ id }) => id === collection.id)
      ? collections.value.map((one) => (one.id === collection.id ? collection : one))
      : [collection, ...collections.value]
  })
  const load = createAction(async () => {
    collections.value = (await client.call('estimator.collections', {})).collections
  })
  followStoredRuns(client, 'collection', { listed: () => collections.value, load: () => load.run() })
  const start = createAction(async (request: CommandInput<'estimator.collect'>) => {
    await client.call('estimator.collect', request)
    await load.run()
  })
  const resume = createAction(async (id: string) => {
    await client.call('run.resume', { id })
    await load.run()
  })
  const save = createAction(
    async (id: string, file: string) => await client.call('estimator.exportSamples', { id, file })
  )
  return { collections, load, start, resume, save }
})
