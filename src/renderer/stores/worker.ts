import { defineStore } from 'pinia'
import { computed, reactive, ref } from 'vue'
import type { CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction } from './window/action'

/** The queue server, its workers and the jobs on it. */
export const useWorkers = defineStore('worker', () => {
  const client = useClient()
  const status = ref<CommandOutput<'worker.status'> | null>(null)
  /** What is typed and not yet sent: the form has two places on the page, by the state of the server. */
  const draft = reactive({ address: '', caFile: '' })
  const isUp = computed(() => status.value?.state === 'up')

  const load = createAction(async () => {
    status.value = await client.call('worker.status', {})
  })
  const connect = createAction(async () => {
    const file = draft.caFile.trim()
    status.value = await client.call('worker.connect', {
      address: draft.address.trim(),
      caFile: file === '' ? null : file
    })
    // It may hold a password: it is not kept longer than needed.
    draft.address = ''
  })
  const disconnect = createAction(async () => {
    status.value = await client.call('worker.disconnect', {})
  })
  client.subscribe('worker.changed', () => void load.run())

  return { status, draft, isUp, load, connect, disconnect }
})
