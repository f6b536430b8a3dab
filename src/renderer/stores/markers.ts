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
  let newest = 0

  const load = createAction(async (id: string) => {
    if (runId.value !== id) markers.value = []
    runId.value = id
    const found = (await client.call('run.markers', { id })).markers
    if (runId.value === id) markers.value = found
  })

  /** Shown at once; a refusal brings back what is kept. */
  const save = createAction(async (changed: readonly Marker[]) => {
    const id = runId.value
    if (id === null) return
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
  return { runId, markers, load, save }
})
