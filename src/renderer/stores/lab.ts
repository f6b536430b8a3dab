import type { LabPlaceInfo } from '@shared/contract/lab'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction } from './window/action'

/** Acquiring and releasing wait for the exporters of a place, ms. */
const changeTimeoutMs = 90_000

/** The labgrid coordinator and its places. */
export const useLab = defineStore('lab', () => {
  const client = useClient()
  const status = ref<CommandOutput<'lab.status'> | null>(null)
  /** What is typed and not yet sent. */
  const draft = ref('')
  const isNamed = computed(() => (status.value?.coordinator ?? null) !== null)

  const load = createAction(async () => {
    status.value = await client.call('lab.status', {})
  })
  const connect = createAction(async () => {
    status.value = await client.call('lab.connect', { coordinator: draft.value.trim() })
    draft.value = ''
  })
  const disconnect = createAction(async () => {
    status.value = await client.call('lab.disconnect', {})
  })
  /** Releases a place from the holder that the list shows. */
  const release = createAction(async ({ name, holder }: Pick<LabPlaceInfo, 'name' | 'holder'>) => {
    if (holder === null) return
    const input = { place: name, holder }
    status.value = await client.call('lab.release', input, { timeoutMs: changeTimeoutMs })
  })
  client.subscribe('lab.changed', () => {
    // What came while the list was read is in it or in the next change.
    if (!load.busy) void load.run()
  })
  return { status, draft, isNamed, load, connect, disconnect, release }
})
