import { powerMetricOf } from '@core/gpu/metrics'
import type { EnergyReport } from '@shared/contract/energy'
import type { Envelope, GpuMetric, Recording } from '@shared/contract/gpu'
import { shallowRef, type ShallowRef } from 'vue'
import type { SelectionStatistics } from '../../charts/stream/selectionStatistics'
import type { Client, CommandOutput } from '../../client/client'
import { createAction, type Action } from '../window/action'
import { createNewest } from '../window/newest'

/** About two points for every pixel of a wide chart. */
const maxBuckets = 2000

/** Buckets for a stretch: not finer than the readings, for a bucket without any would look like a gap. */
export const bucketsFor = (lengthMs: number, intervalMs: number): number =>
  Math.round(Math.min(maxBuckets, Math.max(10, lengthMs / intervalMs / 2)))

/** A recording with its phases and gaps. */
export type RecordingDetail = CommandOutput<'gpu.recording'>

/** The recording that is looked at: its energy, its trace, and the stretch of it in the window. */
export interface OpenRecording {
  readonly detail: ShallowRef<RecordingDetail | null>
  readonly report: ShallowRef<EnergyReport | null>
  readonly trace: ShallowRef<Envelope | null>
  /** The part of the trace in the window, finer. */
  readonly traceDetail: ShallowRef<Envelope | null>
  readonly open: Action<[id: string, gpuIndex?: number], void>
  /** Fetches the readings of a stretch as finely as there are; null: the whole recording is shown. */
  readonly zoomTrace: Action<[span: readonly [number, number] | null], void>
  /** The GPU whose trace is shown; null without one. */
  readonly traceGpu: ShallowRef<number | null>
  /** Statistics of a stretch of the trace from every reading; the host computes them. @throws AppError as energy.stretch does */
  readonly stretch: (span: readonly [number, number]) => Promise<SelectionStatistics>
}

/** The metric that a GPU's energy is computed from: the trace shows the same. */
function shownMetric({ gpus, powerFields }: Recording, gpuIndex: number): GpuMetric {
  return powerMetricOf(powerFields[gpus.findIndex(({ index }) => index === gpuIndex)] ?? null)
}

/**
 * No recording at first; `onOther` is called when another one than before is opened. The host integrates every reading for the
 * energy of its phases: without `readsEnergy` it is not requested, and `report` stays null.
 */
export function createOpenRecording(
  client: Client,
  { onOther, readsEnergy }: { onOther?: () => void; readsEnergy: boolean }
): OpenRecording {
  const detail = shallowRef<RecordingDetail | null>(null)
  const traceGpu = shallowRef<number | null>(null)
  const report = shallowRef<EnergyReport | null>(null)
  const trace = shallowRef<Envelope | null>(null)
  const traceDetail = shallowRef<Envelope | null>(null)

  const beginOpen = createNewest()
  const open = createAction(async (id: string, gpuIndex?: number) => {
    const isNewest = beginOpen()
    const [found, energy] = await Promise.all([
      client.call('gpu.recording', { id }),
      readsEnergy ? client.call('energy.report', { recordingId: id }) : null
    ])
    // Another recording was opened while this one was read.
    if (!isNewest()) return
    const index = gpuIndex ?? found.recording.gpus[0]?.index
    const isOther = detail.value?.recording.id !== id
    if (isOther) onOther?.()
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
        : await client.call('gpu.recordingTrace', {
            ...{ id, gpuIndex: index, metric: shownMetric(found.recording, index), buckets }
          })
    if (isNewest()) trace.value = read
  })

  const beginZoom = createNewest()
  const zoomTrace = createAction(async (span: readonly [number, number] | null) => {
    const isNewest = beginZoom()
    const gpuIndex = traceGpu.value
    if (span === null || detail.value === null || gpuIndex === null) {
      traceDetail.value = null
      return
    }
    const { recording } = detail.value
    const { id, intervalMs } = recording
    // A reading beyond both ends, so that the line reaches the edges of the chart.
    const [fromMs, toMs] = [Math.max(0, span[0] - intervalMs), span[1] + intervalMs]
    const buckets = bucketsFor(toMs - fromMs, intervalMs)
    const stretch = { id, gpuIndex, metric: shownMetric(recording, gpuIndex), fromMs, toMs, buckets }
    const found = await client.call('gpu.recordingTrace', stretch)
    // The user has zoomed again or opened another recording meanwhile.
    if (isNewest() && detail.value?.recording.id === id) traceDetail.value = found
  })

  const stretch: OpenRecording['stretch'] = async ([fromMs, toMs]) => {
    const found = await client.call('energy.stretch', {
      ...{ recordingId: detail.value!.recording.id, gpuIndex: traceGpu.value!, fromMs, toMs }
    })
    const { durationMs, coveredMs, meanW, minW, maxW, totalJ, deltaW } = found
    return { durationMs, coveredMs, mean: meanW, min: minW, max: maxW, integral: totalJ, delta: deltaW }
  }

  return { detail, report, trace, traceDetail, traceGpu, open, zoomTrace, stretch }
}
