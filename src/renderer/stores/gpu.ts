import { countOf } from '@shared/units'
import type { GpuList, HostLoad, Recording, SamplingState } from '@shared/contract/gpu'
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { followStoredRuns } from './followStoredRuns'
import { createLivePhases } from './traces/livePhases'
import { createLiveReadings } from './traces/liveReadings'
import { createOpenRecording } from './traces/openRecording'
import { createAction, forgetOnChange } from './window/action'
import { useLastRuns } from './window/lastRuns'

/** Lines of a wrapped command's output kept in the window. */
const maxKeptOutputCharacters = 20_000

/** Newest first. */
const byStart = (recordings: readonly Recording[]): Recording[] =>
  [...recordings].sort((a, b) => b.startedAtMs - a.startedAtMs)

/** GPUs, the live sampler, and recordings with their energy. */
export const useGpu = defineStore('gpu', () => {
  const client = useClient()
  const last = useLastRuns()
  const list = ref<GpuList | null>(null)
  const sampling = ref<SamplingState | null>(null)
  const hostLoad = ref<HostLoad | null>(null)
  const recordings = ref<Recording[]>([])
  /** Recordings that this window started and that still run. */
  const begun = new Set<string>()
  /** Stored rows that no longer fit, with their problem. */
  const unreadable = ref<CommandOutput<'gpu.recordings'>['unreadable']>([])
  const output = ref('')
  const files = ref<string[]>([])
  const live = createLiveReadings(client, () => sampling.value?.intervalMs ?? 1000)
  const phases = createLivePhases(client, () => recordings.value)
  const opened = createOpenRecording(client, { onOther: () => (files.value = []), readsEnergy: true })
  const { detail, open } = opened

  const gpus = computed(() => list.value?.gpus ?? [])
  const isSampling = computed(() =>
    ['starting', 'running', 'backingOff'].includes(sampling.value?.state ?? '')
  )
  /** The one that keeps others away; those of campaigns run beside it. */
  const runningRecording = computed(
    () =>
      recordings.value.find(({ state, campaignId }) => state === 'running' && campaignId === undefined) ??
      null
  )

  client.subscribe('gpu.hostLoad', (load) => {
    hostLoad.value = load
  })
  client.subscribe('gpu.samplingChanged', (state) => {
    sampling.value = state
  })
  client.subscribe('gpu.recordingChanged', (recording) => {
    recordings.value = byStart([recording, ...recordings.value.filter(({ id }) => id !== recording.id)])
    // What this window recorded is shown when it is complete, as a search or a deployment is.
    if (recording.state !== 'running' && begun.delete(recording.id)) void open.run(recording.id)
  })
  client.subscribe('gpu.recordingDeleted', ({ id }) => {
    recordings.value = recordings.value.filter((recording) => recording.id !== id)
    if (detail.value?.recording.id === id) detail.value = null
  })
  client.subscribe('gpu.commandOutput', ({ text }) => {
    output.value = (output.value + text).slice(-maxKeptOutputCharacters)
  })

  const keep = (kept: CommandOutput<'gpu.recordings'>): void => {
    unreadable.value = kept.unreadable
    recordings.value = byStart(kept.recordings)
  }
  const load = createAction(async (refresh: boolean = false) => {
    const [found, state, kept] = await Promise.all([
      client.call('gpu.list', { refresh }),
      client.call('gpu.samplingState', {}),
      client.call('gpu.recordings', {})
    ])
    list.value = found
    sampling.value = state
    keep(kept)
  })
  /** Shows the recording again that was open before a reload; a running one is shown live instead. */
  async function reopen(): Promise<void> {
    const id = last.idIn(
      'recording',
      recordings.value.filter(({ state }) => state !== 'running')
    )
    if (detail.value === null && id !== undefined) await open.run(id)
  }
  watch(detail, (shown) => shown && last.note('recording', shown.recording.id))
  /** The recordings alone, for pages that show no GPUs. */
  const loadRecordings = createAction(async () => keep(await client.call('gpu.recordings', {})))
  followStoredRuns(client, 'recording', {
    listed: () => recordings.value,
    load: () => load.run(false),
    close: (id) => {
      if (detail.value?.recording.id === id) detail.value = null
    }
  })

  const start = createAction(async (intervalMs: number) => {
    sampling.value = await client.call('gpu.startSampling', { intervalMs })
  })
  const stop = createAction(async () => {
    sampling.value = await client.call('gpu.stopSampling', {})
  })
  const record = createAction(async (input: CommandInput<'gpu.record'>) => {
    output.value = ''
    const started = await client.call('gpu.record', input)
    begun.add(started.recordingId)
    return started
  })
  /** Shows a recording that another page of this window began once it is complete. */
  const opensWhenDone = (recordingId: string): void => void begun.add(recordingId)
  const stopRecording = createAction(async (id: string) => {
    await client.call('gpu.stopRecording', { id })
  })

  const exportTo = createAction(async (id: string, file: string) => {
    files.value = []
    const { files: written } = await client.call('gpu.exportRecording', { id, file })
    // They are shown under the recording that is open.
    if (detail.value?.recording.id !== id) return
    files.value = written.map((one) => `${one.file} (${countOf(one.rows, 'row')})`)
  })
  /** Imports a recording of another program, or an exported one, and shows it. */
  const importFrom = createAction(async (file: string) => {
    const imported = await client.call('gpu.importRecording', { file }, { timeoutMs: 600_000 })
    const kept = (await client.call('gpu.recordings', {})).recordings
    recordings.value = byStart(kept)
    await open.run(imported.recording.id)
    return imported
  })
  const remove = createAction(async (id: string) => {
    await client.call('gpu.deleteRecording', { id })
    recordings.value = recordings.value.filter((recording) => recording.id !== id)
  })

  forgetOnChange(() => detail.value?.recording.id, [exportTo, stopRecording])
  return {
    ...{ list, sampling, hostLoad, recordings, unreadable, output, files },
    ...{ gpus, isSampling, runningRecording },
    ...live,
    ...phases,
    ...opened,
    ...{
      load,
      loadRecordings,
      reopen,
      start,
      stop,
      record,
      opensWhenDone,
      stopRecording,
      exportTo,
      importFrom,
      remove
    }
  }
})
