import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction } from './action'

/** The queue server, its workers and the jobs on it. */
export const useWorkers = defineStore('worker', () => {
  const client = useClient()
  const status = ref<CommandOutput<'worker.status'> | null>(null)
  const isUp = computed(() => status.value?.state === 'up')

  const load = createAction(async () => {
    status.value = await client.call('worker.status', {})
  })
  const connect = createAction(async (address: string, caFile: string) => {
    const file = caFile.trim()
    status.value = await client.call('worker.connect', {
      address: address.trim(),
      caFile: file === '' ? null : file
    })
  })
  const disconnect = createAction(async () => {
    status.value = await client.call('worker.disconnect', {})
  })
  client.subscribe('worker.changed', () => void load.run())

  return { status, isUp, load, connect, disconnect }
})
