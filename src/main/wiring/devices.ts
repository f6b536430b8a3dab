import { createBoardAdapters } from '../board/boardAdapters'
import { createBoardService, type BoardService } from '../board/boardService'
import { createEnergyService, type EnergyService } from '../energy/energyService'
import { createEnergyStore } from '../energy/energyStore'
import { createGpuService, type GpuService } from '../gpu/gpuService'
import { createGpuStore } from '../gpu/gpuStore'
import { readHostLoad } from '../gpu/hostLoad'
import { builtPath, resourcePath } from '../paths'
import type { Foundation } from './foundation'

/** The boards. */
export function connectBoards(foundation: Foundation): BoardService {
  const { store, jobs, tasks, emitter, nowMs, spawn, findProgram } = foundation
  return createBoardService({
    adapters: createBoardAdapters({
      firmwareFile: resourcePath('firmware', 'build', 'monitor.elf'),
      workerFile: builtPath('main', 'virtualBoardWorker.js'),
      spawn,
      findProgram
    }),
    store,
    jobs,
    emit: emitter(),
    nowMs,
    makeTwin: (input, control) => tasks.run('board.fitTwin', input, control)
  })
}

/** GPU sampling and the energy computed from its recordings. */
export function connectGpus(foundation: Foundation): { gpu: GpuService; energy: EnergyService } {
  const { store, jobs, tasks, emitter, nowMs, newId, spawn, settingsFile } = foundation
  const gpuStore = createGpuStore(store)
  const energy = createEnergyService({
    source: async () => gpuStore,
    store: async () => createEnergyStore(store),
    analyse: (input) => tasks.run('energy.analyse', input)
  })
  const steadyMs = (): number => performance.timeOrigin + performance.now()
  const gpu = createGpuService({
    store: async () => gpuStore,
    jobs,
    emit: emitter(),
    spawn,
    env: process.env,
    nvidiaSmiPath: () => settingsFile.get().nvidiaSmiPath,
    steadyMs,
    unixMs: nowMs,
    newId,
    readHostLoad: () => readHostLoad(steadyMs),
    forgetEnergy: (recordingId) => energy.forget(recordingId),
    // A recording that cannot be analysed says why when its report is asked for.
    recorded: (recordingId) => void energy.report(recordingId).catch(() => undefined),
    exportEnergy: (recordingId, file, format) => energy.exportPhases(recordingId, file, format)
  })
  return { gpu, energy }
}
