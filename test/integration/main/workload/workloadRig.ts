import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEnergyService } from '@main/energy/energyService'
import { createEnergyStore, energyMigrations } from '@main/energy/energyStore'
import { createGpuService, type GpuService } from '@main/gpu/gpuService'
import { createGpuStore } from '@main/gpu/store/gpuStore'
import { gpuMigrations } from '@main/gpu/store/gpuTables'
import { createJobService, type JobService } from '@main/jobs/jobService'
import { modelContentId } from '@main/model/files/modelContentId'
import { resourcePath } from '@main/paths'
import { createRunLabels, runMigrations } from '@main/runs/runLabels'
import { openStore, type Store } from '@main/store/store'
import { powerOf } from '@main/wiring/workloadPower'
import { comparePredictions } from '@main/workload/compareFiles'
import { createWorkloadService, type WorkloadService } from '@main/workload/workloadService'
import { workloadMigrations } from '@main/workload/workloadRecord'
import {
  workloadContract,
  workloadRequestSchema,
  type WorkloadRequest,
  type WorkloadRun
} from '@shared/contract/workload'
import { fakeSmiFile, spawnWith, steadyMs, temporaryFolder } from '../../../fixtures/smi/standIn'

export const stubRunner = fileURLToPath(new URL('../../../fixtures/workload/stubRunner.mjs', import.meta.url))

export interface WorkloadRig {
  readonly folder: string
  readonly jobs: JobService
  readonly store: Store
  readonly gpu: GpuService
  service: WorkloadService
  /** A service on the same data file, as another process would have it after a crash. */
  again(): WorkloadService
  request(more: Partial<WorkloadRequest>): WorkloadRequest
  /** Starts a run and waits for its end. */
  toEnd(request: WorkloadRequest): Promise<WorkloadRun>
  get(id: string): Promise<WorkloadRun>
  close(): Promise<void>
}

export const context = { signal: new AbortController().signal }

/** The workload service on a data file in memory, with the stand-in of nvidia-smi where `smi` sets it up. */
export async function workloadRig(options: {
  smi?: Record<string, unknown>
  /** STUB of the stub runner. */
  stub?: Record<string, unknown>
  runnerFile?: string
  /** File for the name of the present phase. */
  phaseFile?: string
  onChanged?: (run: Omit<WorkloadRun, 'tables'>) => void
}): Promise<WorkloadRig> {
  const folder = temporaryFolder()
  const migrations = [gpuMigrations, energyMigrations, runMigrations, workloadMigrations]
  const store = await openStore({ file: ':memory:', migrations })
  let ids = 0
  const newId = (): string => `id${++ids}`
  const jobs = createJobService({ emit: () => undefined, nowMs: steadyMs, newId })
  const gpuStore = createGpuStore(store)
  const energy = createEnergyService({
    source: async () => gpuStore,
    store: async () => createEnergyStore(store)
  })
  const gpu = createGpuService({
    store: async () => gpuStore,
    ...{ jobs, emit: () => undefined, newId, steadyMs },
    spawn: spawnWith(options.smi ?? {}),
    env: { BITBENCH_POWERCAP: '/nowhere' },
    nvidiaSmiPath: () => (options.smi === undefined ? '/nowhere/nvidia-smi' : fakeSmiFile),
    unixMs: () => Date.now(),
    readHostLoad: async () => ({ tMs: steadyMs(), cpuPercent: 1, memoryUsedBytes: 1, memoryTotalBytes: 2 }),
    forgetEnergy: energy.forget,
    exportEnergy: energy.exportPhases
  })
  const serve = (): WorkloadService =>
    createWorkloadService({
      ...{ store, jobs, newId },
      labels: createRunLabels(store),
      emit: (_event, payload) =>
        options.onChanged?.(workloadContract.events['workload.changed'].parse(payload)),
      spawn: (file, args, spawned) =>
        spawn(file, args, {
          ...spawned,
          env: {
            ...spawned.env,
            STUB: JSON.stringify(options.stub ?? {}),
            BITBENCH_PHASE_FILE: options.phaseFile ?? path.join(folder, 'phase')
          }
        }),
      compare: async (task) => comparePredictions(task),
      contentId: modelContentId,
      networksFolder: resourcePath('workloads'),
      runnerFile: options.runnerFile ?? '/nowhere/runner.js',
      torchRunnerFile: '/nowhere/runner.py',
      scratchFolder: path.join(folder, 'scratch'),
      ...powerOf(gpu, energy),
      nowMs: () => 1_000
    })
  const rig: WorkloadRig = {
    ...{ folder, jobs, store, gpu },
    service: serve(),
    again: serve,
    request: (more) =>
      workloadRequestSchema.parse({
        runner: { kind: 'command', command: [process.execPath, stubRunner] },
        ...{ phaseMs: 20, trials: 2, idleMs: 0, coolMs: 500, power: options.smi !== undefined, ...more }
      }),
    async toEnd(request) {
      const { id, jobId } = await rig.service.handlers['workload.start'](request, context)
      await jobs.follow(jobId)
      return await rig.get(id)
    },
    get: async (id) => (await rig.service.handlers['workload.get']({ id }, context)).run,
    async close() {
      await jobs.stop()
      await gpu.close()
      await store.close()
    }
  }
  return rig
}
