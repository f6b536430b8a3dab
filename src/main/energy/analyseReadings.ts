import {
  createTraceAnalyser,
  type TraceAnalyser,
  type TraceAnalysis,
  type TraceSubject
} from '../../core/energy/traceAnalyser'
import type { Doubt } from '../../core/energy/trialSummary'
import { gapAfterMsOf } from '../../core/energy/powerTrace'
import { believedLimitOf, sensorOf } from '../../core/energy/sensorModel'
import { powerMetricOf } from '../../core/gpu/metrics'
import type { GpuMetric, GpuProcess, Recording } from '../../shared/contract/gpu'
import type { RecordingSource } from './recordingSource'

/** One GPU of a recording, and the column of its power. */
export interface AnalysedGpu {
  /** Field of nvidia-smi that the power was read from; null where none is known. */
  readonly powerField: string | null
  readonly metric: GpuMetric
  readonly subject: TraceSubject
}

/** What is known of every GPU of a recording beside its readings, in the order of its `gpus`. */
export async function readSubjects(
  source: Omit<RecordingSource, 'readings'>,
  recording: Recording,
  confidence: number
): Promise<AnalysedGpu[]> {
  const { id } = recording
  const [marks, gaps] = [await source.phases(id), await source.gaps(id)]
  const durationMs = recording.durationMs ?? (await source.lastMs(id))
  const subjectOf = async (at: number): Promise<AnalysedGpu> => {
    const gpu = recording.gpus[at]
    const powerField = recording.powerFields[at] ?? null
    const counter = await source.counter(id, 'nvml', '', gpu.index)
    const subject: TraceSubject = {
      gpuIndex: gpu.index,
      gaps,
      gapAfterMs: gapAfterMsOf(recording.intervalMs),
      marks,
      restMs: recording.idleMs,
      durationMs,
      idleAfterMs: recording.idleAfterMs,
      sensor: sensorOf(gpu.name, powerField),
      confidence,
      counter: counter.tMs.length === 0 ? null : counter,
      powerLimitW: believedLimitOf(powerField, recording.powerLimitsW[at] ?? null),
      doubts: strangerDoubts(recording.strangers.filter((stranger) => stranger.gpuIndex === gpu.index)),
      notes: migNotes(recording, gpu.index),
      moreTrials: moreTrialsOf(recording)
    }
    return { powerField, metric: powerMetricOf(powerField), subject }
  }
  const subjects: AnalysedGpu[] = []
  for (const at of recording.gpus.keys()) subjects.push(await subjectOf(at))
  return subjects
}

/** Readings times phases that are analysed before other work of the process gets its turn. */
const maxTurnWork = 400_000

/**
 * Analyses every GPU of a recording in one pass over its readings, chunk by chunk: memory does not grow with them, and
 * nothing else waits.
 *
 * @returns one analysis for each of `gpus`
 */
export async function analyseReadings(
  source: Pick<RecordingSource, 'readings'>,
  recordingId: string,
  gpus: readonly AnalysedGpu[]
): Promise<TraceAnalysis[]> {
  const metrics = [...new Set(gpus.map(({ metric }) => metric))]
  // Every GPU has the same phases.
  const turn = Math.max(16, Math.floor(maxTurnWork / ((gpus[0]?.subject.marks.length ?? 0) + 1)))
  let analysers: TraceAnalyser[] = []
  await source.readings(recordingId, [...metrics, 'throttleMask'], () => {
    analysers = gpus.map(({ subject }) => createTraceAnalyser(subject))
    const byIndex = new Map(
      gpus.map(({ subject, metric }, at) => [
        subject.gpuIndex,
        { analyser: analysers[at], column: 2 + metrics.indexOf(metric) }
      ])
    )
    return async (columns) => {
      const [gpuIndex, tMs] = columns as [Float64Array, Float64Array]
      const mask = columns.at(-1)!
      for (let row = 0; row < tMs.length; row++) {
        if (row > 0 && row % turn === 0) await new Promise(setImmediate)
        const entry = byIndex.get(gpuIndex[row])
        entry?.analyser.add(tMs[row], columns[entry.column][row], mask[row])
      }
    }
  })
  return analysers.map((analyser) => analyser.finish())
}

/** How more trials are had where Bitbench marks the phases itself; undefined where a command does. */
export const moreTrialsOf = ({ network }: Pick<Recording, 'network'>): string | undefined =>
  network === undefined ? undefined : 'Measure again with more trials (--trials).'

const migNote =
  'MIG is on: the power is that of the whole card with all its slices, not of the slice that the work ran on.'

/** What MIG does to the figures of a GPU. */
export const migNotes = (recording: Recording, gpuIndex: number): string[] =>
  recording.migGpus.includes(gpuIndex) ? [migNote] : []

/** Doubt about figures of a GPU that processes of others were on; `work`: what was measured, as a user calls it. */
export function strangerDoubts(strangers: readonly GpuProcess[], work = 'command'): Doubt[] {
  if (strangers.length === 0) return []
  const pids = [...new Set(strangers.map(({ pid }) => pid))].slice(0, 4)
  const named = pids.map((pid) => {
    const seen = strangers.filter((process) => process.pid === pid)
    const when = [...new Set(seen.map((process) => process.seen))].join(' and ')
    return `${seen[0]?.name ?? ''} (pid ${pid}, ${when} the ${work})`
  })
  return [
    {
      message: `Other processes were on the GPU: ${named.join(', ')}.`,
      hint: `End them or wait; their power cannot be separated from that of the ${work}.`
    }
  ]
}
