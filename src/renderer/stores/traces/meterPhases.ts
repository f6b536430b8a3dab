import type { LiveMeter, LivePhaseOfMeter } from '@shared/contract/meter'
import { computed, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import type { Client } from '../../client/client'
import { createAction } from '../window/action'

/** Phases that are drawn behind the power. */
const maxPhases = 400

/**
 * What was done while the meter that is looked at was read, ms since its first reading: phases of its recording, which commands and
 * digital inputs mark, or else what the host measured beside it.
 */
export function createMeterPhases(
  client: Client,
  meter: Ref<LiveMeter | null>,
  own: Ref<readonly LivePhaseOfMeter[]>
): ComputedRef<readonly LivePhaseOfMeter[]> {
  const marked = shallowRef<LivePhaseOfMeter[]>([])
  const recordingId = computed(() => meter.value?.recordingId ?? null)

  client.subscribe('gpu.phaseMarked', (event) => {
    if (event.recordingId !== recordingId.value) return
    const { name, atMs, state } = event
    const isOpen = (phase: LivePhaseOfMeter): boolean => phase.name === name && phase.toMs === null
    const ended = marked.value.map((phase) => (isOpen(phase) ? { ...phase, toMs: atMs } : phase))
    marked.value = (state === 'end' ? ended : [...ended, { name, fromMs: atMs, toMs: null }]).slice(
      -maxPhases
    )
  })
  /** Those that were marked before this window looked. */
  const load = createAction(async (id: string) => {
    const { phases } = await client.call('gpu.recording', { id })
    if (recordingId.value !== id) return
    const firstMs = marked.value[0]?.fromMs ?? Infinity
    const before = phases
      .filter(({ fromMs }) => fromMs < firstMs)
      .map(({ name, fromMs, toMs, ended }) => ({ name, fromMs, toMs: ended ? toMs : null }))
      .sort((a, b) => a.fromMs - b.fromMs)
    marked.value = [...before, ...marked.value].slice(-maxPhases)
  })
  watch(recordingId, (id) => {
    marked.value = []
    if (id !== null) void load.run(id)
  })
  return computed(() => (recordingId.value === null ? own.value : marked.value))
}
