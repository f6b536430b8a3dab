import path from 'node:path'
import type { EnergyService } from '../energy/energyService'
import type { GpuService } from '../gpu/gpuService'
import { builtPath, resourcePath } from '../paths'
import { createRunLabels } from '../runs/runLabels'
import { createWorkloadService, type WorkloadService } from '../workload/workloadService'
import type { Foundation } from './foundation'
import { powerOf } from './workloadPower'

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
    // Without it the run is matched by the names of its layers.
    contentId: (file) => tasks.run('model.contentId', { file }).catch(() => null),
    networksFolder: resourcePath('workloads'),
    torchRunnerFile: resourcePath('runners', 'torch_runner.py'),
    runnerFile: builtPath('main', 'workloadRunner.js'),
    scratchFolder: path.join(dataFolder, 'workloads'),
    ...powerOf(gpu, energy)
  })
}
