import path from 'node:path'
import type { EnergyService } from '../energy/energyService'
import type { GpuService } from '../gpu/gpuService'
import { encodeOnnx } from '../model/onnxFile'
import { builtPath, resourcePath } from '../paths'
import { createRunLabels } from '../runs/runLabels'
import type { PowerSource } from '../workload/powerSource'
import { createWorkloadService, type WorkloadService } from '../workload/workloadService'
import type { Foundation } from './foundation'

/** Workload runs, with power from the recordings of the gpu noun. */
export function connectWorkloads(
  foundation: Foundation,
  gpu: GpuService,
  energy: EnergyService
): WorkloadService {
  const { store, jobs, tasks, emitter, nowMs, newId, spawn, dataFolder } = foundation
  return createWorkloadService({
    ...{ store, jobs, nowMs, newId, spawn },
    labels: createRunLabels(store),
    emit: emitter(),
    compare: (task) => tasks.run('workload.compare', task),
    encodeOnnx,
    networksFolder: resourcePath('workloads'),
    torchRunnerFile: resourcePath('runners', 'torch_runner.py'),
    runnerFile: builtPath('main', 'workloadRunner.js'),
    scratchFolder: path.join(dataFolder, 'workloads'),
    power: powerOf(gpu),
    gpus: () => gpu.list(false),
    async energyOf(recordingId) {
      const { origin, gpus, phases } = await energy.report(recordingId)
      return { recordingId, origin, sensor: gpus[0]!.sensor, phases }
    }
  })
}

/** Records the first GPU. Closing the recording does not fail the run: what was taken is kept and judged. */
function powerOf(gpu: GpuService): PowerSource {
  return {
    async missing() {
      const { state, message, gpus } = await gpu.list(false)
      if (state !== 'ready') return message ?? 'There is no NVIDIA GPU.'
      return gpus[0]?.powerField === null ? `${gpus[0].name} reports no power.` : null
    },
    async start(title, intervalMs) {
      const { origin, driverVersion, gpus } = await gpu.list(false)
      const [first] = gpus
      let started!: (mark: Parameters<NonNullable<Parameters<GpuService['record']>[2]>>[0]) => void
      const ready = new Promise<Parameters<typeof started>[0]>((resolve) => (started = resolve))
      const recording = await gpu.record(
        { title, command: [], intervalMs, idleMs: 0, gpuIndexes: [first!.index] },
        undefined,
        started
      )
      // A recording that fails before its first reading rejects here; later failures are reported by finish().
      const mark = await Promise.race([ready, recording.result.then(() => ready)])
      recording.result.catch(() => undefined)
      const { recordingId, result } = recording
      return {
        recordingId,
        about: {
          origin,
          gpu: first!.name,
          driverVersion: driverVersion ?? '',
          powerField: first!.powerField
        },
        sensor: first!.sensor,
        mark,
        async finish() {
          const signal = new AbortController().signal
          await gpu.handlers['gpu.stopRecording']({ id: recordingId }, { signal }).catch(() => undefined)
          await result.catch(() => undefined)
        }
      }
    }
  }
}
