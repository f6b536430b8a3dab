import type { Marker } from '@shared/contract/run'
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { useClient } from '../client/current'
import { createAction, forgetOnChange } from './action'

/** Markers on the trace of one run; they are kept with the run. */
export const useMarkers = defineStore('markers', () => {
  const client = useClient()
  const runId = ref<string | null>(null)
  const markers = shallowRef<Marker[]>([])
  /** False until the kept markers are read: saving replaces all of them. */
  const isRead = ref(false)
  let newest = 0

  const load = createAction(async (id: string) => {
    if (runId.value !== id) {
      markers.value = []
      isRead.value = false
    }
    runId.value = id
    const saves = newest
    const found = (await client.call('run.markers', { id })).markers
    if (runId.value !== id) return
    isRead.value = true
    // A change that was made in the meantime is newer than what was read.
    if (saves === newest) markers.value = found
  })

  /** Shown at once; a refusal brings back what is kept. */
  const save = createAction(async (changed: readonly Marker[]) => {
    const id = runId.value
    if (id === null || !isRead.value) return
    const mine = ++newest
    const before = markers.value
    markers.value = [...changed].sort((a, b) => a.atMs - b.atMs)
    try {
      const kept = (await client.call('run.mark', { id, markers: [...changed] })).markers
      if (mine === newest && runId.value === id) markers.value = kept
    } catch (error) {
      if (mine === newest && runId.value === id) markers.value = before
      throw error
    }
  })

  forgetOnChange(runId, [save])
  return { runId, markers, isRead, load, save }
})
