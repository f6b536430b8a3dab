import { virtualPpk2Port, type LiveMeter, type MeterSetup } from '@shared/contract/meter'
import type { Marker } from '@shared/contract/run'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { CommandInput } from '../client/client'
import { useClient } from '../client/current'
import { useGpu } from './gpu'
import { createMeterTrace } from './traces/meterTrace'
import { createMeterPhases } from './traces/meterPhases'
import { byTime, createRunMarkers } from './traces/markers'
import { createAction, forgetOnChange } from './window/action'

/** How a meter is chosen on a page: kept for the next time. */
export type MeterChoice = Pick<MeterSetup, 'port' | 'kind' | 'supplyV'> & Partial<Pick<MeterSetup, 'units'>>

/** The meter that a page preselects: the simulated one of a virtual board, else a PPK2 with an empty port. */
export const firstMeterChoice = (isVirtual: boolean): MeterChoice => ({
  port: isVirtual ? virtualPpk2Port : '',
  kind: 'ppk2',
  supplyV: 3.3
})

/** Power meters that are read now, and the trace of the one that is looked at. Times are ms since its first reading. */
export const useMeters = defineStore('meter', () => {
  const client = useClient()
  const gpu = useGpu()
  const meters = shallowRef<LiveMeter[]>([])
  const wantedId = ref<string | null>(null)
  /** The meter that is looked at: the chosen one, else the newest. */
  const open = computed(() => meters.value.find(({ id }) => id === wantedId.value) ?? meters.value[0] ?? null)
  const trace = createMeterTrace(client, open)
  const phases = createMeterPhases(client, open, trace.ownPhases)
  const kept = createRunMarkers(client)
  /** Marks on readings that no recording keeps. */
  const loose = shallowRef<Marker[]>([])

  /** Newest first; of those that are over the host keeps one alone. */
  function accept(meter: LiveMeter): void {
    const known = meters.value.some(({ id }) => id === meter.id)
    const all = known
      ? meters.value.map((one) => (one.id === meter.id ? meter : one))
      : [meter, ...meters.value]
    let ended = 0
    meters.value = all.filter(({ state }) => state === 'running' || ++ended <= 1)
  }
  client.subscribe('meter.changed', (meter) => {
    accept(meter)
    if (meter.id === open.value?.id) void trace.follow()
  })
  const load = createAction(async () => {
    meters.value = (await client.call('meter.live', {})).meters
  })

  const recordingId = computed(() => open.value?.recordingId ?? null)
  watch(recordingId, (id) => id !== null && void kept.load.run(id))
  watch(
    () => open.value?.id,
    () => (loose.value = [])
  )
  const isKept = computed(() => recordingId.value !== null && kept.runId.value === recordingId.value)
  const markers = computed(() => (isKept.value ? kept.markers.value : loose.value))
  const canMark = computed(() => recordingId.value === null || (isKept.value && kept.isRead.value))
  const mark = createAction(async (changed: readonly Marker[]) => {
    if (!isKept.value) {
      loose.value = byTime(changed)
      return
    }
    const error = await kept.save.attempt(changed)
    if (error !== null) throw error
  })

  const record = createAction(async (input: CommandInput<'meter.record'>) => {
    wantedId.value = null
    const started = await client.call('meter.record', input)
    gpu.opensWhenDone(started.recordingId)
    return started
  })
  forgetOnChange(() => open.value?.id, [mark])

  return {
    ...{ meters, wantedId, open, markers, canMark, isKept, phases },
    ...{
      trace: trace.trace,
      detail: trace.detail,
      detailIsStored: trace.detailIsStored,
      newest: trace.newest,
      held: trace.held
    },
    ...{ attach: trace.attach, show: trace.show, hold: trace.hold, readTrace: trace.read },
    ...{ load, mark, record }
  }
})
