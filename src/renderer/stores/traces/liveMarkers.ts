import type { Recording } from '@shared/contract/gpu'
import type { Marker } from '@shared/contract/run'
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { useClient } from '../../client/current'
import { createAction } from '../window/action'
import { useGpu } from '../gpu'
import { byTime, createRunMarkers, type RunMarkers } from './markers'

/** Recordings whose markers stay on the live traces, newest first. */
const maxFollowed = 20
/** Markers of the window alone. */
const maxLoose = 500

/**
 * Markers on live traces, Unix ms. What lies within a recording that ran while this window looked is kept with that recording;
 * the rest is gone with the window.
 */
export const useLiveMarkers = defineStore('liveMarkers', () => {
  const client = useClient()
  const gpu = useGpu()
  const loose = shallowRef<Marker[]>([])
  const followed = shallowRef<{ id: string; marks: RunMarkers }[]>([])

  /** The followed recordings that still exist, as they are now. */
  const recorded = computed(() =>
    followed.value.flatMap(({ id, marks }) => {
      const recording = gpu.recordings.find((one) => one.id === id)
      return recording === undefined ? [] : [{ recording, marks }]
    })
  )
  const markers = computed(() =>
    byTime([
      ...loose.value,
      ...recorded.value.flatMap(({ recording, marks }) =>
        marks.markers.value.map((marker) => ({ ...marker, atMs: marker.atMs + recording.startedAtMs }))
      )
    ])
  )
  /** False while kept markers are being read. */
  const isRead = computed(() => recorded.value.every(({ marks }) => marks.isRead.value))
  const isKept = computed(() => recorded.value.some(({ recording }) => recording.state === 'running'))

  watch(
    () => gpu.runningRecording?.id,
    (id) => {
      if (id === undefined || followed.value.some((one) => one.id === id)) return
      const marks = createRunMarkers(client)
      followed.value = [{ id, marks }, ...followed.value].slice(0, maxFollowed)
      void marks.load.run(id)
    },
    { immediate: true }
  )

  /** Replaces all markers that are shown. */
  const save = createAction(async (changed: readonly Marker[]) => {
    const rest = new Set(changed)
    for (const { recording, marks } of recorded.value) {
      const inside = [...rest].filter((marker) => isWithin(recording, marker.atMs))
      for (const marker of inside) rest.delete(marker)
      const own = inside.map(({ atMs, text }) => ({ atMs: Math.max(0, atMs - recording.startedAtMs), text }))
      if (JSON.stringify(byTime(own)) === JSON.stringify(marks.markers.value)) continue
      const error = await marks.save.attempt(own)
      if (error !== null) throw error
    }
    loose.value = byTime([...rest]).slice(-maxLoose)
  })

  return { markers, isRead, isKept, save }
})

function isWithin({ startedAtMs, durationMs, idleAfterMs, state }: Recording, atMs: number): boolean {
  if (atMs < startedAtMs) return false
  return state === 'running' || atMs <= startedAtMs + (durationMs ?? 0) + idleAfterMs
}
