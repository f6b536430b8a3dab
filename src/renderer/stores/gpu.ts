import { countOf } from '@shared/units'
import type { EnergyReport } from '@shared/contract/energy'
import type { Envelope, GpuList, GpuMetric, HostLoad, Recording, SamplingState } from '@shared/contract/gpu'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction, forgetOnChange } from './window/action'
import { createNewest } from './window/newest'
import { createLiveRing, type LiveRing } from './traces/liveRing'

/** Ten minutes at ten readings a second. */
const ringLength = 6000
/** About two points for every pixel of a wide chart. */
const maxBuckets = 2000
/** A pause of this many intervals is a gap and not joined by a line. */
const gapFactor = 4
/** Lines of a wrapped command's output kept in the window. */
const maxKeptOutputCharacters = 20_000

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

/** Buckets for a stretch: not finer than the readings, for a bucket without any would look like a gap. */
const bucketsFor = (lengthMs: number, intervalMs: number): number =>
  Math.round(Math.min(maxBuckets, Math.max(10, lengthMs / intervalMs / 2)))

/** A recording with its phases and gaps. */
export type RecordingDetail = CommandOutput<'gpu.recording'>

/** GPUs, the live sampler, and recordings with their energy. */
export const useGpu = defineStore('gpu', () => {
  const client = useClient()
  const list = ref<GpuList | null>(null)
  const sampling = ref<SamplingState | null>(null)
  const hostLoad = ref<HostLoad | null>(null)
  const recordings = ref<Recording[]>([])
  /** Recordings that this window started and that still run. */
  const begun = new Set<string>()
  /** Stored rows that no longer fit, with their problem. */
  const unreadable = ref<CommandOutput<'gpu.recordings'>['unreadable']>([])
  const detail = shallowRef<RecordingDetail | null>(null)
  const traceGpu = ref<number | null>(null)
  const report = shallowRef<EnergyReport | null>(null)
  const trace = shallowRef<Envelope | null>(null)
  /** The part of the trace in the window, finer. */
  const traceDetail = shallowRef<Envelope | null>(null)
  /** Phases that began while this window looked, Unix ms. */
  const phaseStarts = shallowRef<{ name: string; atMs: number }[]>([])
  const livePhases = shallowRef<LivePhase[]>([])
  const output = ref('')
  const files = ref<string[]>([])
  /** Counts up with every batch: what charts watch instead of the rings themselves. */
  const revision = ref(0)
  const rings = new Map<string, LiveRing>()
  const dropped = ref(0)

  const gpus = computed(() => list.value?.gpus ?? [])
  const isSampling = computed(() =>
    ['starting', 'running', 'backingOff'].includes(sampling.value?.state ?? '')
  )
  const runningRecording = computed(() => recordings.value.find(({ state }) => state === 'running') ?? null)

  /** The newest reading of a metric in this window; null where none came, so that cards move with the charts. */
  function latest(gpuIndex: number, metric: GpuMetric): number | null {
    void revision.value
    return rings.get(`${gpuIndex} ${metric}`)?.lastValue() ?? null
  }

  function ring(gpuIndex: number, metric: GpuMetric): LiveRing {
    const key = `${gpuIndex} ${metric}`
    const known = rings.get(key)
    if (known !== undefined) return known
    const fresh = createLiveRing(ringLength)
    rings.set(key, fresh)
    return fresh
  }

  client.subscribe('gpu.sampled', (event) => {
    for (const { gpuIndex, tMs, metrics } of event.batches) {
      for (const [metric, values] of Object.entries(metrics)) {
        const target = ring(gpuIndex, metric as GpuMetric)
        tMs.forEach((timeMs, index) => {
          const lastMs = target.lastTimeMs()
          // A restart of nvidia-smi sends no empty readings: the silence itself is drawn as a gap.
          if (timeMs - lastMs > gapFactor * (sampling.value?.intervalMs ?? 1000))
            target.push((lastMs + timeMs) / 2, null)
          target.push(timeMs, values?.[index] ?? null)
        })
      }
    }
    // A running total of this sampling: the event that matters is the last one.
    dropped.value = event.dropped
    revision.value += 1
  })
  client.subscribe('gpu.hostLoad', (load) => {
    hostLoad.value = load
  })
  client.subscribe('gpu.samplingChanged', (state) => {
    sampling.value = state
  })
  client.subscribe('gpu.recordingChanged', (recording) => {
    recordings.value = [recording, ...recordings.value.filter(({ id }) => id !== recording.id)].sort(
      (a, b) => b.startedAtMs - a.startedAtMs
    )
    // What this window recorded is shown when it is complete, as a search or a deployment is.
    if (recording.state !== 'running' && begun.delete(recording.id)) void open.run(recording.id)
  })
  client.subscribe('gpu.recordingDeleted', ({ id }) => {
    recordings.value = recordings.value.filter((recording) => recording.id !== id)
    if (detail.value?.recording.id === id) detail.value = null
  })
  client.subscribe('gpu.phaseMarked', ({ recordingId, name, state, atMs }) => {
    const recording = recordings.value.find(({ id }) => id === recordingId)
    if (recording === undefined) return
    const unixMs = recording.startedAtMs + atMs
    // Recordings may run at the same time, of a GPU and of a meter; those that ended are drawn from their file.
    const running = new Set(recordings.value.filter((one) => one.state === 'running').map(({ id }) => id))
    const kept = livePhases.value.filter(
      (one) => one.recordingId === recordingId || running.has(one.recordingId)
    )
    if (state === 'end') {
      livePhases.value = kept.map((one) =>
        one.recordingId === recordingId && one.name === name && one.toMs === null
          ? { ...one, toMs: unixMs }
          : one
      )
      return
    }
    const phase = { recordingId, name, fromMs: unixMs, toMs: null }
    livePhases.value = [...kept.slice(-maxLivePhases + 1), phase]
    const start = { name, atMs: unixMs }
    phaseStarts.value = [...phaseStarts.value.slice(-maxPhaseStarts + 1), start]
  })
  client.subscribe('gpu.commandOutput', ({ text }) => {
    output.value = (output.value + text).slice(-maxKeptOutputCharacters)
  })

  const load = createAction(async (refresh: boolean = false) => {
    const [found, state, kept] = await Promise.all([
      client.call('gpu.list', { refresh }),
      client.call('gpu.samplingState', {}),
      client.call('gpu.recordings', {})
    ])
    list.value = found
    sampling.value = state
    unreadable.value = kept.unreadable
    recordings.value = [...kept.recordings].sort((a, b) => b.startedAtMs - a.startedAtMs)
  })
  // Runs that an import added are listed at once.
  client.subscribe('session.imported', () => void load.run(false))

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
  /** Fills an empty chart with the recent past, for a page that is opened while the sampler already runs. */
  const loadHistory = createAction(async (gpuIndex: number, metric: GpuMetric) => {
    const past = await client.call('gpu.history', { gpuIndex, metric })
    const target = ring(gpuIndex, metric)
    // Live readings may have come meanwhile; older ones behind them would draw backwards.
    if (target.lastTimeMs() !== Infinity) return
    past.mean.forEach((value, index) => {
      if (value !== null) target.push(past.fromMs + (index + 0.5) * past.stepMs, value)
    })
    revision.value += 1
  })
  /** The phases of a running recording that were marked before this window looked. */
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
  const stopRecording = createAction(async (id: string) => {
    await client.call('gpu.stopRecording', { id })
  })

  const beginOpen = createNewest()
  const open = createAction(async (id: string, gpuIndex?: number) => {
    const isNewest = beginOpen()
    const [found, energy] = await Promise.all([
      client.call('gpu.recording', { id }),
      client.call('energy.report', { recordingId: id })
    ])
    // Another recording was opened while this one was read.
    if (!isNewest()) return
    const index = gpuIndex ?? found.recording.gpus[0]?.index
    const isOther = detail.value?.recording.id !== id
    if (isOther) files.value = []
    // The trace of another recording or GPU must not stand under this one, also where its own cannot be read.
    if (isOther || traceGpu.value !== (index ?? null)) trace.value = null
    detail.value = found
    report.value = energy
    const { durationMs, intervalMs } = found.recording
    const buckets = bucketsFor(durationMs ?? 60_000, intervalMs)
    traceDetail.value = null
    traceGpu.value = index ?? null
    const read =
      index === undefined
        ? null
        : await client.call('gpu.recordingTrace', { id, gpuIndex: index, metric: 'powerW', buckets })
    if (isNewest()) trace.value = read
  })

  const beginZoom = createNewest()
  /** Fetches the readings of a stretch as finely as there are; null: the whole recording is shown. */
  const zoomTrace = createAction(async (span: readonly [number, number] | null) => {
    const isNewest = beginZoom()
    const gpuIndex = traceGpu.value
    if (span === null || detail.value === null || gpuIndex === null) {
      traceDetail.value = null
      return
    }
    const { id, intervalMs } = detail.value.recording
    // A reading beyond both ends, so that the line reaches the edges of the chart.
    const [fromMs, toMs] = [Math.max(0, span[0] - intervalMs), span[1] + intervalMs]
    const buckets = bucketsFor(toMs - fromMs, intervalMs)
    const found = await client.call('gpu.recordingTrace', {
      id,
      gpuIndex,
      metric: 'powerW',
      fromMs,
      toMs,
      buckets
    })
    // The user has zoomed again or opened another recording meanwhile.
    if (isNewest() && detail.value?.recording.id === id) traceDetail.value = found
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
    recordings.value = [...kept].sort((a, b) => b.startedAtMs - a.startedAtMs)
    await open.run(imported.recording.id)
    return imported
  })
  const remove = createAction(async (id: string) => {
    await client.call('gpu.deleteRecording', { id })
    recordings.value = recordings.value.filter((recording) => recording.id !== id)
  })

  forgetOnChange(() => detail.value?.recording.id, [exportTo, stopRecording])
  return {
    list,
    sampling,
    hostLoad,
    recordings,
    unreadable,
    detail,
    report,
    trace,
    traceDetail,
    phaseStarts,
    livePhases,
    output,
    files,
    revision,
    dropped,
    gpus,
    isSampling,
    runningRecording,
    ring,
    latest,
    load,
    start,
    stop,
    record,
    loadHistory,
    loadPhases,
    stopRecording,
    open,
    zoomTrace,
    exportTo,
    importFrom,
    remove
  }
})
