import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import type { EmitterOf, NounContract } from '../../shared/contract/framework/define'
import type { StoreLoss } from '../../shared/contract/store'
import { lossNotice } from '../../shared/text/storeLossText'
import { createLogRing, type LogRing } from '../app/logRing'
import { openSettings, type SettingsFile } from '../app/settingsFile'
import { findExecutable } from '../app/tools'
import { boardMigrations } from '../board/boardService'
import { deployMigrations } from '../deploy/deployStore'
import { energyMigrations } from '../energy/energyStore'
import { estimatorMigrations } from '../estimator/estimatorStore'
import type { DesktopRecent, FileDialogs } from '../file/fileService'
import { gpuMigrations } from '../gpu/store/gpuTables'
import { createEventBus, type EventBus } from '../hosts/eventBus'
import { openJobHistory, type JobHistory } from '../jobs/jobHistory'
import { createJobService, type JobService } from '../jobs/jobService'
import { loopMigrations } from '../loop/loopService'
import { writeWholeFile } from '../files/replaceFile'
import { builtPath } from '../paths'
import { profileMigrations } from '../profile/profileService'
import { proxyMigrations } from '../proxy/proxyStore'
import { remoteMigrations } from '../remote/runOrigins'
import { resultMigrations } from '../model/accuracy/resultStore'
import { sessionMigrations } from '../runs/importedRuns'
import { runMigrations } from '../runs/runLabels'
import { searchMigrations } from '../search/searchStore'
import { sharedMigrations } from '../shared/sharedStore'
import { createLazyStore, type LazyStore } from '../store/lazyStore'
import { openStore } from '../store/store'
import { createTaskPool, type TaskPool } from '../threads/taskPool'
import type { Tasks } from '../taskRegistry'
import { workloadMigrations } from '../workload/workloadRecord'

/** What the services of a host are made from. */
export interface ComposeOptions {
  host: 'electron' | 'web' | 'cli'
  dataFolder: string
  log?: (line: string) => void
  /** The system's file dialogs, where there is a desktop window. */
  dialogs?: FileDialogs
  /** The desktop's list of recent documents, where there is one. */
  desktopRecent?: DesktopRecent
}

/** What every service stands on: events, data file, jobs, worker threads, settings, clock, ids and processes. */
export interface Foundation {
  readonly host: ComposeOptions['host']
  readonly dataFolder: string
  readonly events: EventBus
  readonly store: LazyStore
  readonly jobs: JobService
  /** Null: a command keeps no history. */
  readonly jobHistory: JobHistory | null
  readonly logRing: LogRing
  readonly tasks: TaskPool<Tasks>
  readonly settingsFile: SettingsFile
  readonly spawn: typeof spawn
  log(line: string): void
  /** The event bus typed for one noun. */
  emitter<C extends NounContract>(): EmitterOf<C>
  nowMs(): number
  newId(): string
  /** The first of these programs on PATH; null where none is installed. */
  findProgram(names: string[]): Promise<string | null>
}

const migrations = [
  boardMigrations,
  deployMigrations,
  energyMigrations,
  estimatorMigrations,
  gpuMigrations,
  loopMigrations,
  profileMigrations,
  proxyMigrations,
  remoteMigrations,
  resultMigrations,
  runMigrations,
  searchMigrations,
  sessionMigrations,
  sharedMigrations,
  workloadMigrations
]

/** Opens the data file (at once for a window, with the first statement for a command). @throws store.locked, store.corrupt */
export async function layFoundation(options: ComposeOptions): Promise<Foundation> {
  const { host, dataFolder } = options
  const events = createEventBus()
  const emitter = <C extends NounContract>(): EmitterOf<C> => events.emit
  const nowMs = (): number => Date.now()
  const logRing = createLogRing(nowMs, options.log ?? ((line) => process.stderr.write(`${line}\n`)))
  const log = logRing.write
  const newId = (): string => randomUUID()
  const settingsFile = await openSettings(dataFolder, log)
  const file = path.join(dataFolder, 'bitbench.duckdb')
  const onLoss = (loss: StoreLoss): void => {
    const { message, hint } = lossNotice(loss)
    log(`${message} ${hint}`)
  }
  const store = createLazyStore(file, () =>
    openStore({ file, migrations, what: `Bitbench (${host})`, onLoss })
  )
  // A window has nothing to show without its data: a locked file is reported before anything opens.
  if (host !== 'cli') await store.ready()
  // Several commands may run at once; a window or a server is alone with its data folder.
  const historyFile = path.join(dataFolder, 'jobs.json')
  const jobHistory =
    host === 'cli' ? null : await openJobHistory({ file: historyFile, write: writeWholeFile, log, nowMs })
  return {
    host,
    dataFolder,
    events,
    store,
    jobs: createJobService({ emit: emitter(), nowMs, newId, ...(jobHistory && { history: jobHistory }) }),
    jobHistory,
    logRing,
    tasks: createTaskPool<Tasks>({
      workerFile: builtPath('main', 'taskWorker.js'),
      size: settingsFile.get().workers
    }),
    settingsFile,
    spawn,
    log,
    emitter,
    nowMs,
    newId,
    findProgram: (names) => findExecutable(names, process.env['PATH'] ?? '')
  }
}
