import {
  analyseTrace,
  idleDrift,
  summariesOf,
  type TraceAnalysis,
  type TraceEvidence
} from '../../core/energy/analyseTrace'
import { counterReader, type CounterTrace } from '../../core/energy/energyCounter'
import { gapAfterMsOf, type PowerTrace } from '../../core/energy/powerTrace'
import { sensorOf } from '../../core/energy/sensorModel'
import type { HandlersOf } from '../../shared/contract/framework/define'
import type { energyContract, EnergyReport } from '../../shared/contract/energy'
import type { Gap, GpuMetric, GpuProcess, GpuSensor, PhaseMark, Recording } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import type { EnergyStore } from './energyStore'

/** What energy needs of recordings; the gpu noun's store fits. */
export interface RecordingSource {
  recording(id: string): Promise<Recording>
  phases(id: string): Promise<PhaseMark[]>
  gaps(id: string): Promise<Gap[]>
  /** `space`: a row count or earlier columns to write over, see Store.columns. */
  trace(
    id: string,
    gpuIndex: number,
    metric: GpuMetric,
    space?: number | readonly Float64Array[]
  ): Promise<{ tMs: Float64Array; values: Float64Array }>
  counter(id: string, source: 'nvml' | 'rapl', name: string, gpuIndex: number): Promise<CounterTrace>
  counterZones(id: string): Promise<string[]>
}

/** Energy of recordings for the contract and for workloads. */
export interface EnergyService {
  handlers: HandlersOf<typeof energyContract>
  /** @throws energy.noRecording; input.invalid while it is still running */
  report(recordingId: string, confidence?: number): Promise<EnergyReport>
  /** A recording was deleted: so are its figures. */
  forget(recordingId: string): Promise<void>
  exportPhases(recordingId: string, file: string, format: 'csv' | 'parquet'): Promise<number>
}

type ColumnSpace = number | readonly Float64Array[]

/** Arguments of analyseTrace as one message for a worker. */
export interface AnalysisInput {
  trace: PowerTrace
  marks: PhaseMark[]
  restMs: number
  durationMs: number
  sensor: GpuSensor
  confidence: number
  evidence: TraceEvidence
}

/** Integrates the power of one GPU; runs in a worker for long traces. */
export function analyseInput(input: AnalysisInput): TraceAnalysis {
  const { trace, marks, restMs, durationMs, sensor, confidence, evidence } = input
  return analyseTrace(trace, marks, restMs, durationMs, sensor, confidence, evidence)
}

/** Readings times phases up to which analysing takes a few milliseconds: less than starting a worker. */
const maxAnalysedHere = 200_000

const isSmall = ({ trace, marks }: AnalysisInput): boolean =>
  trace.tMs.length * (marks.length + 1) <= maxAnalysedHere

/** A report with its intervals at another confidence; everything else in it does not depend on that. */
function atConfidence(report: EnergyReport, recording: Recording, confidence: number): EnergyReport {
  if (report.confidence === confidence) return report
  const summaries = report.gpus.flatMap(({ gpuIndex, sensor, strangers, idle, idleAfter }) =>
    summariesOf(
      report.phases.filter((phase) => phase.gpuIndex === gpuIndex),
      sensor,
      confidence,
      strangerDoubts(strangers),
      [...migNotes(recording, gpuIndex), ...idleDrift(idle, idleAfter)]
    )
  )
  return { ...report, confidence, summaries }
}

/** Columns over all the memory that these are views of, for the next GPU's readings. */
function wholeColumns(...columns: Float64Array[]): Float64Array[] {
  return columns.map((column) => new Float64Array(column.buffer))
}

const metricOfField: Readonly<Record<string, GpuMetric>> = {
  'power.draw': 'powerW',
  'power.draw.instant': 'powerInstantW',
  'power.draw.average': 'powerAverageW'
}

/** Returns the service that works out and keeps energy reports. */
export function createEnergyService(deps: {
  source: () => Promise<RecordingSource>
  store: () => Promise<EnergyStore>
  /** Integrates one GPU's readings where they are many; in compose a worker task (energy.analyse). */
  analyse?: (input: AnalysisInput) => Promise<TraceAnalysis>
}): EnergyService {
  const { analyse = async (input) => analyseInput(input) } = deps
  /** Reports that are being made: a page and an export that ask at once share one. */
  const making = new Map<string, Promise<EnergyReport>>()
  const report: EnergyService['report'] = async (recordingId, confidence = 0.95) => {
    const source = await deps.source()
    const recording = await source.recording(recordingId)
    if (recording.state === 'running') {
      throw new AppError(
        'input.invalid',
        'This recording is still running.',
        'Stop it first; then it is analysed.'
      )
    }
    const store = await deps.store()
    const known = await store.find(recordingId)
    if (known !== null) return atConfidence(known, recording, confidence)
    const started =
      making.get(recordingId) ?? make(source, recording, confidence).finally(() => making.delete(recordingId))
    making.set(recordingId, started)
    return atConfidence(await started, recording, confidence)
  }
  const make = async (
    source: RecordingSource,
    recording: Recording,
    confidence: number
  ): Promise<EnergyReport> => {
    const recordingId = recording.id
    const [marks, gaps] = [await source.phases(recordingId), await source.gaps(recordingId)]
    // One GPU after the other, each in the memory of the one before: a day at 100 Hz is 140 MB a GPU.
    const rows = Math.ceil(recording.samples / Math.max(1, recording.gpus.length)) + 1000
    const space: { power: ColumnSpace; throttle: ColumnSpace } = { power: rows, throttle: rows }
    const out: EnergyReport = {
      recordingId,
      origin: recording.origin,
      confidence,
      driverVersion: recording.driverVersion,
      gpus: [],
      clockLock: recording.clockLock,
      cpu: { counter: recording.cpuCounter, zones: [] },
      phases: [],
      summaries: []
    }
    for (const [at, gpu] of recording.gpus.entries()) {
      const powerField = recording.powerFields[at] ?? null
      const sensor = sensorOf(gpu.name, powerField)
      const metric = metricOfField[powerField ?? ''] ?? 'powerW'
      const { tMs, values } = await source.trace(recordingId, gpu.index, metric, space.power)
      const trace = {
        gpuIndex: gpu.index,
        tMs,
        powerW: values,
        gaps,
        gapAfterMs: gapAfterMsOf(recording.intervalMs)
      }
      const durationMs = recording.durationMs ?? tMs[tMs.length - 1] ?? 0
      const counter = await source.counter(recordingId, 'nvml', '', gpu.index)
      const throttle = await source.trace(recordingId, gpu.index, 'throttleMask', space.throttle)
      const strangers = recording.strangers.filter((stranger) => stranger.gpuIndex === gpu.index)
      const evidence: TraceEvidence = {
        counter: counter.tMs.length === 0 ? null : counter,
        throttle: { tMs: throttle.tMs, mask: throttle.values },
        powerLimitW: recording.powerLimitsW[at] ?? null,
        idleAfterMs: recording.idleAfterMs,
        doubts: strangerDoubts(strangers),
        notes: migNotes(recording, gpu.index)
      }
      const restMs = recording.idleMs
      const input = { trace, marks, restMs, durationMs, sensor, confidence, evidence }
      const analysis = isSmall(input) ? analyseInput(input) : await analyse(input)
      space.power = wholeColumns(tMs, values)
      space.throttle = wholeColumns(throttle.tMs, throttle.values)
      out.gpus.push({
        gpuIndex: gpu.index,
        name: gpu.name,
        powerField,
        sensor,
        askedHz: recording.askedHz,
        achievedHz: recording.achievedHz,
        temperatureBeforeC: recording.temperatureBeforeC[at] ?? null,
        temperatureAfterC: recording.temperatureAfterC[at] ?? null,
        idle: analysis.idle,
        idleAfter: analysis.idleAfter,
        counter: recording.counter,
        strangers
      })
      out.phases.push(...analysis.phases)
      out.summaries.push(...analysis.summaries)
    }
    const first = out.phases.filter((phase) => phase.gpuIndex === out.gpus[0]?.gpuIndex)
    for (const name of await source.counterZones(recordingId)) {
      const energyBetween = counterReader(await source.counter(recordingId, 'rapl', name, -1))
      out.cpu.zones.push({
        name,
        phases: first.map((phase) => ({
          name: phase.name,
          trial: phase.trial,
          energyJ: energyBetween(phase.fromMs, phase.toMs)
        }))
      })
    }
    await (await deps.store()).save(out)
    return out
  }
  return {
    report,
    forget: async (recordingId) => (await deps.store()).forget(recordingId),
    async exportPhases(recordingId, file, format) {
      await report(recordingId)
      return (await deps.store()).export(recordingId, file, format)
    },
    handlers: {
      'energy.report': ({ recordingId, confidence }) => report(recordingId, confidence)
    }
  }
}

const migNote =
  'MIG is on: the power is that of the whole card with all its slices, not of the slice that the work ran on.'

const migNotes = (recording: Recording, gpuIndex: number): string[] =>
  recording.migGpus.includes(gpuIndex) ? [migNote] : []

function strangerDoubts(strangers: readonly GpuProcess[]): { message: string; hint: string }[] {
  if (strangers.length === 0) return []
  const named = [...new Map(strangers.map((process) => [process.pid, process])).values()]
    .slice(0, 4)
    .map((process) => `${process.name} (pid ${process.pid}, ${process.seen} the command)`)
  return [
    {
      message: `Other processes were on the GPU: ${named.join(', ')}.`,
      hint: 'End them or wait; their power cannot be separated from that of the command.'
    }
  ]
}
