import path from 'node:path'
import type { BoardInfo } from '../../core/board/boardInfo'
import { createBoardAdapters, type BoardAdapters } from '../board/boardAdapters'
import { openLeased, type LineLease } from '../board/links/leasedLink'
import { steadyMs, virtualBoardsMetered } from '../board/links/virtualActivity'
import { readMonitorInfo } from '../board/monitorInfo'
import { createCoreCache } from '../board/rtl/coreCache'
import { createBoardService, type BoardService } from '../board/boardService'
import { createEnergyService, type EnergyService } from '../energy/energyService'
import { createEnergyStore } from '../energy/energyStore'
import { createGpuService, type GpuService } from '../gpu/gpuService'
import { createGpuStore, type GpuStore } from '../gpu/store/gpuStore'
import { createHostLoadReader } from '../gpu/counters/hostLoad'
import { createMeterService, type MeterService } from '../meter/meterService'
import { builtPath, resourcePath } from '../paths'
import { withoutForgotten } from '../runs/keptRuns'
import { createRunLabels } from '../runs/runLabels'
import type { Foundation } from './foundation'

const boardAdapters = ({ spawn, findProgram, jobs, dataFolder, log }: Foundation): BoardAdapters =>
  createBoardAdapters({
    firmwareFile: resourcePath('firmware', 'build', 'monitor.elf'),
    workerFile: builtPath('main', 'virtualBoardWorker.js'),
    flashFolder: path.join(dataFolder, 'flash'),
    cores: createCoreCache({
      sourceFolder: resourcePath('rtl'),
      folder: path.join(dataFolder, 'cores'),
      spawn,
      findProgram,
      jobs,
      log
    }),
    spawn,
    findProgram
  })

/** What this copy's monitor says of itself; read once. */
export function monitorInfo(): () => Promise<BoardInfo> {
  let known: Promise<BoardInfo> | undefined
  return () => {
    known ??= readMonitorInfo(resourcePath('firmware', 'build', 'monitor.hello.json'))
    known.catch(() => (known = undefined))
    return known
  }
}

/**
 * The ports of this host, for boards and meters.
 * @param leaseLine a line that several hosts share is used under a lease where a queue server is named
 * @param holdLine acquires the place of a labgrid:// port and returns where its line is served; null for every other port
 */
export function connectPorts(
  foundation: Foundation,
  leaseLine: (port: string) => Promise<LineLease | null>,
  holdLine: (port: string) => Promise<(LineLease & { readonly address: string }) | null> = async () => null
): BoardAdapters {
  const adapters = boardAdapters(foundation)
  const openSerial: BoardAdapters['openSerial'] = (port, settings) =>
    openLeased(port, leaseLine, () => adapters.openSerial(port, settings))
  return {
    ...adapters,
    async openSerial(port, settings) {
      const held = await holdLine(port)
      if (held === null) return await openSerial(port, settings)
      return await openLeased(
        port,
        async () => held,
        () => openSerial(held.address, settings)
      )
    }
  }
}

/** The boards. */
export function connectBoards(foundation: Foundation, adapters: BoardAdapters): BoardService {
  const { store, jobs, tasks, emitter, nowMs } = foundation
  return createBoardService({
    adapters,
    store,
    jobs,
    emit: emitter(),
    nowMs,
    makeTwin: (input, control) => tasks.run('board.fitTwin', input, control)
  })
}

/** Power meters beside boards, on the same ports as boards and with the recordings of the gpu noun. */
export function connectMeters(
  { emitter, newId, nowMs }: Pick<Foundation, 'emitter' | 'newId' | 'nowMs'>,
  ports: Pick<BoardAdapters, 'openSerial'>,
  gpu: GpuService
): MeterService {
  return createMeterService({
    ...{ steadyMs, newId, emit: emitter(), unixMs: nowMs },
    virtualBoards: virtualBoardsMetered,
    openLine: ({ port, baudRate }) =>
      ports.openSerial(port, { baudRate, dtr: 'leave', rts: 'leave', reconnect: false }),
    record: (args, device, onOutput, onStarted) => gpu.record(args, onOutput, onStarted, device)
  })
}

/** GPU sampling and the energy computed from its recordings. */
export function connectGpus(foundation: Foundation): {
  gpu: GpuService
  energy: EnergyService
  /** All recordings, deleted ones too. */
  recordings: GpuStore
  /** Removes a recording for good, with its energy. */
  removeRecording(id: string): Promise<void>
} {
  const { store, jobs, emitter, nowMs, newId, spawn, settingsFile } = foundation
  const recordings = createGpuStore(store)
  const labels = createRunLabels(store)
  const gpuStore: GpuStore = {
    ...recordings,
    list: withoutForgotten(labels, () => recordings.list()),
    unreadable: withoutForgotten(labels, () => recordings.unreadable())
  }
  const energy = createEnergyService({
    source: async () => gpuStore,
    store: async () => createEnergyStore(store)
  })
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
    readHostLoad: createHostLoadReader(steadyMs),
    forgetEnergy: (recordingId) => energy.forget(recordingId),
    // A recording that cannot be analysed says why when its report is requested.
    recorded: (recordingId) => void energy.report(recordingId).catch(() => undefined),
    exportEnergy: (recordingId, file, format) => energy.exportPhases(recordingId, file, format)
  })
  const removeRecording = async (id: string): Promise<void> => {
    await recordings.delete(id)
    await energy.forget(id)
  }
  return { gpu, energy, recordings, removeRecording }
}
