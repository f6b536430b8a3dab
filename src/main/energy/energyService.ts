import { analyseTrace } from '../../core/energy/analyseTrace'
import { gapAfterMsOf } from '../../core/energy/powerTrace'
import { sensorOf } from '../../core/energy/sensorModel'
import type { HandlersOf } from '../../shared/contract/define'
import type { energyContract, EnergyReport } from '../../shared/contract/energy'
import type { Gap, GpuMetric, PhaseMark, Recording } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import type { EnergyStore } from './energyStore'

/** What energy needs of recordings; the gpu noun's store fits. */
export interface RecordingSource {
  recording(id: string): Promise<Recording>
  phases(id: string): Promise<PhaseMark[]>
  gaps(id: string): Promise<Gap[]>
  trace(id: string, gpuIndex: number, metric: GpuMetric): Promise<{ tMs: Float64Array; values: Float64Array }>
}

export interface EnergyService {
  handlers: HandlersOf<typeof energyContract>
  /** @throws energy.noRecording; input.invalid while it is still running */
  report(recordingId: string, confidence?: number): Promise<EnergyReport>
  /** A recording was deleted: so are its figures. */
  forget(recordingId: string): Promise<void>
  exportPhases(recordingId: string, file: string, format: 'csv' | 'parquet'): Promise<number>
}

const metricOfField: Readonly<Record<string, GpuMetric>> = {
  'power.draw': 'powerW',
  'power.draw.instant': 'powerInstantW',
  'power.draw.average': 'powerAverageW'
}

export function createEnergyService(deps: {
  source: () => Promise<RecordingSource>
  store: () => Promise<EnergyStore>
}): EnergyService {
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
    const marks = await source.phases(recordingId)
    const gaps = await source.gaps(recordingId)
    const out: EnergyReport = {
      recordingId,
      origin: recording.origin,
      confidence,
      driverVersion: recording.driverVersion,
      gpus: [],
      phases: [],
      summaries: []
    }
    for (const [at, gpu] of recording.gpus.entries()) {
      const powerField = recording.powerFields[at] ?? null
      const sensor = sensorOf(gpu.name, powerField)
      const { tMs, values } = await source.trace(
        recordingId,
        gpu.index,
        metricOfField[powerField ?? ''] ?? 'powerW'
      )
      const trace = {
        gpuIndex: gpu.index,
        tMs,
        powerW: values,
        gaps,
        gapAfterMs: gapAfterMsOf(recording.intervalMs)
      }
      const durationMs = recording.durationMs ?? tMs[tMs.length - 1] ?? 0
      const analysis = analyseTrace(trace, marks, recording.idleMs, durationMs, sensor, confidence)
      out.gpus.push({
        gpuIndex: gpu.index,
        name: gpu.name,
        powerField,
        sensor,
        askedHz: recording.askedHz,
        achievedHz: recording.achievedHz,
        temperatureBeforeC: recording.temperatureBeforeC[at] ?? null,
        temperatureAfterC: recording.temperatureAfterC[at] ?? null,
        idle: analysis.idle
      })
      out.phases.push(...analysis.phases)
      out.summaries.push(...analysis.summaries)
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
