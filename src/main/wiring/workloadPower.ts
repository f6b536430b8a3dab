import { gpuAtPciBusId } from '../../core/gpu/cudaOrder'
import type { EnergyReport } from '../../shared/contract/energy'
import type { SessionEnergy } from '../../shared/contract/workload/workloadEvidence'
import { AppError } from '../../shared/errors'
import { strangerDoubts } from '../energy/analyseReadings'
import type { EnergyService } from '../energy/energyService'
import type { GpuService } from '../gpu/gpuService'
import type { PowerSession, PowerSource } from '../workload/measure/powerSource'
import { startMarkedRecording } from './markedRecording'
import type { WorkloadServiceDeps } from '../workload/workloadService'

/** Power of workload runs from recordings of the gpu noun, and their energy from the energy noun. */
export function powerOf(
  gpu: GpuService,
  energy: EnergyService
): Pick<WorkloadServiceDeps, 'power' | 'energyOf' | 'energySoFar' | 'gpus'> {
  return {
    power: recordingsOf(gpu),
    gpus: () => gpu.list(false),
    energyOf: async (recordingId) => sessionEnergyOf(await energy.report(recordingId), false),
    energySoFar: async (recordingId) => sessionEnergyOf(await energy.reportSoFar(recordingId), true)
  }
}

function sessionEnergyOf(report: EnergyReport, provisional: boolean): SessionEnergy {
  const { recordingId, origin, gpus, phases } = report
  const { sensor, idle, idleAfter, strangers } = gpus[0]
  return {
    ...{ recordingId, origin, sensor, phases, provisional },
    doubts: strangerDoubts(strangers, 'run').map(({ message }) => message),
    notes: [...new Set(report.summaries.flatMap(({ notes }) => notes)), ...lockNotes(report)],
    ...{ idleBeforeW: idle.powerW, idleAfterW: idleAfter.powerW }
  }
}

/** Under which clock the figures hold, and whether it was given back. */
function lockNotes({ clockLock }: EnergyReport): string[] {
  if (clockLock === null) return []
  if (clockLock.left === true) return clockLock.message === null ? [] : [clockLock.message]
  const locked = `The SM clock was locked at ${clockLock.smClockMhz} MHz.`
  return [clockLock.message === null ? locked : `${locked} ${clockLock.message}`]
}

/**
 * Records the GPU that the runner names, else the first of those chosen. A recording that ends early does not fail the run:
 * what was recorded is kept and judged.
 */
function recordingsOf(gpu: GpuService): PowerSource {
  return {
    async missing() {
      const { state, message, gpus } = await gpu.list(false)
      if (state !== 'ready') return message ?? 'There is no NVIDIA GPU.'
      return gpus[0]?.powerField === null ? `${gpus[0].name} reports no power.` : null
    },
    others: () => gpu.computeApps().catch(() => undefined),
    async start({ title, intervalMs, pciBusId, lockClockMhz, othersBefore, onNote }): Promise<PowerSession> {
      const { origin, driverVersion, gpus } = await gpu.list(false)
      const chosen = (pciBusId === undefined ? undefined : gpuAtPciBusId(gpus, pciBusId)) ?? gpus[0]
      if (chosen.powerField === null) {
        throw new AppError(
          'input.unsupported',
          `${chosen.name} (GPU ${chosen.index}), on which the runner computes, reports no power.`,
          'Choose another device, or run without power.'
        )
      }
      const request = {
        ...{ title, command: [], intervalMs, idleMs: 0, gpuIndexes: [chosen.index] },
        ...{ lockClockMhz, othersBefore }
      }
      const recording = await startMarkedRecording(gpu, (onStarted) =>
        gpu.record(request, (_stream, text) => onNote(text.trimEnd()), onStarted)
      )
      return {
        ...{ recordingId: recording.recordingId, mark: recording.mark, stored: recording.stored },
        temperatureC: () => recording.temperatures()[0] ?? null,
        ...{ sensor: chosen.sensor, pciBusId: chosen.pciBusId },
        about: {
          origin,
          gpu: chosen.name,
          driverVersion: driverVersion ?? '',
          powerField: chosen.powerField
        },
        async finish() {
          const isEarly = recording.ended.aborted
          const failure = await recording.finish().then(
            () => null,
            (cause: unknown) => AppError.from(cause).message
          )
          return failure ?? (isEarly ? 'It was stopped.' : null)
        }
      }
    }
  }
}
