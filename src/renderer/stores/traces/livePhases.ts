import type { Recording } from '@shared/contract/gpu'
import { shallowRef, type ShallowRef } from 'vue'
import type { Client } from '../../client/client'
import { createAction, type Action } from '../window/action'

/** Phase starts kept for triggers, and phases of a running recording that are drawn behind its power. */
const maxPhaseStarts = 100
const maxLivePhases = 400

/** A phase of a running recording, Unix ms; toMs null: it has not ended. */
export interface LivePhase {
  recordingId: string
  name: string
  fromMs: number
  toMs: number | null
}

/** Times of one mark differ by rounding alone, ms. */
const roundingMs = 0.5

const isSame = (a: LivePhase, b: LivePhase): boolean =>
  a.recordingId === b.recordingId && a.name === b.name && Math.abs(a.fromMs - b.fromMs) < roundingMs

/** Phases of the recordings that run now. */
export interface LivePhases {
  /** Phases of recordings of GPUs that began while this window looked, Unix ms; those of a power meter are in stores/meter.ts. */
  readonly phaseStarts: ShallowRef<{ name: string; atMs: number }[]>
  readonly livePhases: ShallowRef<LivePhase[]>
  /** The phases of a running recording that were marked before this window looked. */
  readonly loadPhases: Action<[recordingId: string], void>
}

/** Keeps the phases that are marked from now on in one of the recordings of this list. */
export function createLivePhases(client: Client, recordings: () => readonly Recording[]): LivePhases {
  const phaseStarts = shallowRef<{ name: string; atMs: number }[]>([])
  const livePhases = shallowRef<LivePhase[]>([])

  /** Without those of other recordings that ended, which are drawn from their file. Several may run, of a GPU and of a meter. */
  function stillLive(recordingId: string): LivePhase[] {
    const running = new Set(recordings().flatMap((one) => (one.state === 'running' ? [one.id] : [])))
    return livePhases.value.filter((one) => one.recordingId === recordingId || running.has(one.recordingId))
  }

  client.subscribe('gpu.phaseMarked', ({ recordingId, name, state, atMs }) => {
    const recording = recordings().find(({ id }) => id === recordingId)
    if (recording === undefined) return
    const unixMs = recording.startedAtMs + atMs
    const kept = stillLive(recordingId)
    if (state === 'end') {
      const ends = (one: LivePhase): boolean =>
        one.recordingId === recordingId && one.name === name && one.toMs === null
      livePhases.value = kept.map((one) => (ends(one) ? { ...one, toMs: unixMs } : one))
      return
    }
    const phase = { recordingId, name, fromMs: unixMs, toMs: null }
    // A phase is stored before it is announced: what was loaded in between holds it already.
    const isThere = kept.some((one) => isSame(one, phase))
    livePhases.value = isThere ? kept : [...kept.slice(-maxLivePhases + 1), phase]
    if (recording.meter !== undefined) return
    phaseStarts.value = [...phaseStarts.value.slice(-maxPhaseStarts + 1), { name, atMs: unixMs }]
  })

  const loadPhases = createAction(async (recordingId: string) => {
    const { recording, phases } = await client.call('gpu.recording', { id: recordingId })
    const others = livePhases.value.filter((phase) => phase.recordingId !== recordingId)
    const known = livePhases.value.filter((phase) => phase.recordingId === recordingId)
    const firstMs = known[0]?.fromMs ?? Infinity
    const before = phases
      .map(({ name, fromMs, toMs, ended }) => ({
        ...{ recordingId, name, fromMs: recording.startedAtMs + fromMs },
        toMs: ended ? recording.startedAtMs + toMs : null
      }))
      .filter(({ fromMs }) => fromMs < firstMs)
    livePhases.value = [...others, ...before, ...known]
      .sort((a, b) => a.fromMs - b.fromMs)
      .slice(-maxLivePhases)
  })

  return { phaseStarts, livePhases, loadPhases }
}
