import type { Marker } from '@shared/contract/run'
import { createTurns } from '@shared/turns'
import { defineStore } from 'pinia'
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import type { Client } from '../../client/client'
import { useClient } from '../../client/current'
import { createAction, forgetOnChange, type Action } from '../window/action'

/** Markers of one run as a window holds them. */
export interface RunMarkers {
  runId: Ref<string | null>
  markers: ShallowRef<Marker[]>
  /** False until the kept markers are read: saving replaces all of them. */
  isRead: Ref<boolean>
  load: Action<[id: string], void>
  save: Action<[changed: readonly Marker[]], void>
}

/** Markers on the trace of one run; they are kept with the run. */
export const useMarkers = defineStore('markers', () => createRunMarkers(useClient()))

/** Reads and keeps the markers of one run after the other. */
export function createRunMarkers(client: Client): RunMarkers {
  const runId = ref<string | null>(null)
  const markers = shallowRef<Marker[]>([])
  const isRead = ref(false)
  let newest = 0
  const turns = createTurns()

  /** What the host has. */
  let kept: Marker[] = []

  const load = createAction(async (id: string) => {
    if (runId.value !== id) {
      markers.value = kept = []
      isRead.value = false
    }
    runId.value = id
    const saves = newest
    const found = (await client.call('run.markers', { id })).markers
    if (runId.value !== id) return
    isRead.value = true
    // A change that was made in the meantime is newer than what was read.
    if (saves === newest) markers.value = kept = found
  })

  /** Shown at once; a refusal brings back what is kept. */
  const save = createAction(async (changed: readonly Marker[]) => {
    const id = runId.value
    if (id === null || !isRead.value) return
    const mine = ++newest
    markers.value = byTime(changed)
    const isShown = (): boolean => mine === newest && runId.value === id
    try {
      // One after the other: the host may finish two at once in any order.
      const reply = await turns.take(() => client.call('run.mark', { id, markers: [...changed] }))
      if (runId.value === id) kept = reply.markers
      if (isShown()) markers.value = kept
    } catch (error) {
      if (isShown()) markers.value = kept
      throw error
    }
  })

  forgetOnChange(runId, [save])
  return { runId, markers, isRead, load, save }
}

/** Markers in the order of their times. */
export const byTime = (markers: readonly Marker[]): Marker[] => [...markers].sort((a, b) => a.atMs - b.atMs)
