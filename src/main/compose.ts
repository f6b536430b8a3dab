import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { arch, cpus, platform, release } from 'node:os'
import path from 'node:path'
import { commands } from '../shared/contract'
import type { EmitterOf, NounContract } from '../shared/contract/define'
import { createAppService, type AppService } from './app/appService'
import { openSettings } from './app/settingsFile'
import { findExecutable } from './app/tools'
import { createBoardAdapters } from './board/boardAdapters'
import { boardMigrations, createBoardService, type BoardService } from './board/boardService'
import { createEnergyService, type EnergyService } from './energy/energyService'
import { createEnergyStore, energyMigrations } from './energy/energyStore'
import { createGpuService, type GpuService } from './gpu/gpuService'
import { createGpuStore, gpuMigrations } from './gpu/gpuStore'
import { readHostLoad } from './gpu/hostLoad'
import { createDispatcher, type Dispatch } from './hosts/dispatcher'
import { createEventBus, type EventBus } from './hosts/eventBus'
import { createJobService, type JobService } from './jobs/jobService'
import { createTaskPool, type TaskPool } from './jobs/taskPool'
import type { Tasks } from './jobs/taskRegistry'
import { builtPath, installFolder, resourcePath } from './paths'
import { createLazyStore, type LazyStore } from './store/lazyStore'
import { openStore } from './store/store'
import { createStoreService } from './store/storeService'

/** Everything one process of Bitbench consists of. */
export interface Bitbench {
  readonly dispatch: Dispatch
  readonly events: EventBus
  readonly app: AppService
  readonly board: BoardService
  readonly energy: EnergyService
  readonly gpu: GpuService
  readonly jobs: JobService
  readonly tasks: TaskPool<Tasks>
  readonly store: LazyStore
  /** Cancels what runs, frees the boards, closes the data file. */
  close(): Promise<void>
}

export interface ComposeOptions {
  host: 'electron' | 'web' | 'cli'
  dataFolder: string
  log?: (line: string) => void
}

/**
 * The only place where services meet adapters and each other. Domains do not import one another: what one needs of
 * another is passed here as an interface.
 */
export async function composeBitbench(options: ComposeOptions): Promise<Bitbench> {
  const { host, dataFolder, log = (line) => process.stderr.write(`${line}\n`) } = options
  const events = createEventBus()
  const emitter = <C extends NounContract>(): EmitterOf<C> => events.emit as EmitterOf<C>
  const nowMs = (): number => Date.now()
  const newId = (): string => randomUUID()
  const settingsFile = await openSettings(dataFolder, log)

  const store = createLazyStore(path.join(dataFolder, 'bitbench.duckdb'), () =>
    openStore({
      file: path.join(dataFolder, 'bitbench.duckdb'),
      migrations: [boardMigrations, energyMigrations, gpuMigrations],
      what: `Bitbench (${host})`
    })
  )
  // A window has nothing to show without its data: a locked file is told before anything opens.
  if (host !== 'cli') await store.ready()

  const jobs = createJobService({ emit: emitter(), nowMs, newId })
  const tasks = createTaskPool<Tasks>({
    workerFile: builtPath('main', 'taskWorker.js'),
    size: settingsFile.get().workers
  })
  const app = createAppService({
    version: readVersion(),
    host,
    platform: `${platform()} ${arch()} ${release()}`,
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads`,
    dataFolder,
    settingsFile,
    emit: emitter(),
    spawn
  })
  const board = createBoardService({
    adapters: createBoardAdapters({
      firmwareFile: resourcePath('firmware', 'build', 'monitor.elf'),
      workerFile: builtPath('main', 'virtualBoardWorker.js'),
      spawn,
      findProgram: (names) => findExecutable(names, process.env['PATH'] ?? '')
    }),
    store,
    jobs,
    emit: emitter(),
    nowMs
  })
  const gpuStore = createGpuStore(store)
  const energy = createEnergyService({
    source: async () => gpuStore,
    store: async () => createEnergyStore(store)
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
    exportEnergy: (recordingId, file, format) => energy.exportPhases(recordingId, file, format)
  })

  const handlers = {
    ...app.handlers,
    ...board.handlers,
    ...energy.handlers,
    ...gpu.handlers,
    ...jobs.handlers,
    ...createStoreService(store).handlers
  }
  return {
    dispatch: createDispatcher(commands, handlers, log),
    events,
    app,
    board,
    energy,
    gpu,
    jobs,
    tasks,
    store,
    async close() {
      await jobs.stop()
      await gpu.close()
      await board.close()
      await tasks.close()
      await store.close()
    }
  }
}

function readVersion(): string {
  return (JSON.parse(readFileSync(path.join(installFolder, 'package.json'), 'utf8')) as { version: string })
    .version
}
