import { readFileSync } from 'node:fs'
import { arch, cpus, homedir, hostname, platform, release, tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { commands } from '../shared/contract'
import { createAppService, type AppService } from './app/appService'
import type { BoardService } from './board/boardService'
import type { EnergyService } from './energy/energyService'
import type { EstimatorService } from './estimator/estimatorService'
import { createFileService, type FileService } from './file/fileService'
import { createRecentFiles } from './file/recentFiles'
import { createUploads, type Uploads } from './file/uploads'
import type { GpuService } from './gpu/gpuService'
import type { MeterService } from './meter/meterService'
import { createDispatcher, type Dispatch } from './hosts/dispatcher'
import type { EventBus } from './hosts/eventBus'
import type { JobService } from './jobs/jobService'
import { installFolder } from './paths'
import type { SharedService } from './shared/sharedService'
import type { LazyStore } from './store/lazyStore'
import { createStoreService } from './store/storeService'
import type { TaskPool } from './threads/taskPool'
import type { Tasks } from './taskRegistry'
import { connectBoards, connectGpus, connectMeters, connectPorts } from './wiring/devices'
import { connectEstimators } from './wiring/estimators'
import { withHostPaths } from './wiring/hostPaths'
import { layFoundation, type ComposeOptions, type Foundation } from './wiring/foundation'
import { connectComparison } from './wiring/comparison'
import { connectLab } from './wiring/lab'
import { createLmService } from './lm/lmService'
import { connectLoop } from './wiring/loop'
import { meterPower } from './wiring/meterPower'
import { connectNetworks, type Networks } from './wiring/networks'
import { connectRemote } from './wiring/remote'
import { connectShared } from './wiring/shared'
import { connectWorkers } from './wiring/workers'
import { connectWorkloads } from './wiring/workloads'
import type { WorkerService } from './worker/workerService'
import type { WorkloadService } from './workload/workloadService'

export type { ComposeOptions } from './wiring/foundation'

/** Everything one process of Bitbench consists of. */
export interface Bitbench extends Networks {
  readonly dispatch: Dispatch
  readonly events: EventBus
  readonly app: AppService
  readonly board: BoardService
  readonly energy: EnergyService
  readonly estimator: EstimatorService
  readonly file: FileService
  readonly gpu: GpuService
  readonly jobs: JobService
  readonly meter: MeterService
  readonly sharedFolder: SharedService
  readonly tasks: TaskPool<Tasks>
  readonly uploads: Uploads
  readonly store: LazyStore
  readonly worker: WorkerService<Tasks>
  readonly workload: WorkloadService
  /** Cancels what runs, frees the boards, closes the data file. */
  close(): Promise<void>
}

/**
 * The only place where services meet adapters and each other, domain by domain in main/wiring. Domains do not import one
 * another: what one needs of another is passed here as an interface.
 */
export async function composeBitbench(options: ComposeOptions): Promise<Bitbench> {
  const foundation = await layFoundation(options)
  const { events, jobs, tasks, store, log } = foundation
  const app = connectApp(foundation)
  const worker = connectWorkers(foundation, readVersion())
  const lab = connectLab(foundation, readVersion())
  const ports = connectPorts(
    foundation,
    (port) => worker.leaseLine(port),
    (port) => lab.holdLine(port)
  )
  const board = connectBoards(foundation, ports)
  const { gpu, energy, recordings } = connectGpus(foundation)
  const meter = connectMeters(ports, gpu)
  const workload = connectWorkloads(foundation, gpu, energy)
  const { estimator, estimators } = connectEstimators(foundation, workload.stages)
  const loop = connectLoop(foundation, () => dispatch)
  const shared = { ...foundation, tasks: worker.pool }
  const kept = {
    ...{ recordings, estimators, version: readVersion() },
    async removeRecording(id: string) {
      await recordings.delete(id)
      await energy.forget(id)
    }
  }
  const sharedFolder = connectShared(foundation, {
    runs: () => runs,
    session: () => session,
    arithmetic: async () => (await worker.identity()).arithmetic,
    version: readVersion()
  })
  const networks = connectNetworks(
    shared,
    board,
    [loop.runs, workload.runs, estimator.collections],
    kept,
    meterPower(meter, gpu),
    sharedFolder
  )
  const { dataset, model, profile, proxy, calibrations, search, deploy, runs, session } = networks
  const uploads = createUploads(path.join(options.dataFolder, 'uploads'))
  const file = connectFiles(foundation, options, uploads, () => model.openedPaths())
  const handlers = withHostPaths({
    ...app.handlers,
    ...board.handlers,
    ...calibrations.handlers,
    ...dataset.handlers,
    ...deploy.handlers,
    ...energy.handlers,
    ...estimator.handlers,
    ...file.handlers,
    ...gpu.handlers,
    ...jobs.handlers,
    ...lab.handlers,
    ...createLmService({ ...foundation, boards: board, emit: foundation.emitter() }).handlers,
    ...loop.handlers,
    ...meter.handlers,
    ...model.handlers,
    ...profile.handlers,
    ...proxy.handlers,
    ...connectRemote(foundation, session).handlers,
    ...runs.handlers,
    ...connectComparison(() => dispatch).handlers,
    ...search.handlers,
    ...session.handlers,
    ...sharedFolder.handlers,
    ...createStoreService(store).handlers,
    ...worker.handlers,
    ...workload.handlers
  })
  const dispatch: Dispatch = createDispatcher(commands, handlers, log)
  return {
    ...networks,
    dispatch,
    events,
    app,
    board,
    energy,
    estimator,
    file,
    gpu,
    jobs,
    meter,
    sharedFolder,
    tasks,
    uploads,
    store,
    worker,
    workload,
    async close() {
      for (const title of await jobs.stop())
        log(`"${title}" did not stop in time and is ended with the process.`)
      // A window or a server is a session that deletions can be undone in; one command is not.
      if (options.host !== 'cli') await runs.purge().catch((reason: unknown) => log(String(reason)))
      await gpu.close()
      await board.close()
      await lab.close()
      await sharedFolder.close()
      await worker.close()
      await tasks.close()
      await store.close()
      await foundation.jobHistory?.flush()
    }
  }
}

function connectApp(foundation: Foundation): AppService {
  const { host, dataFolder, settingsFile, emitter, spawn, logRing, jobHistory } = foundation
  return createAppService({
    version: readVersion(),
    host,
    platform: `${platform()} ${arch()} ${release()}`,
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads`,
    dataFolder,
    settingsFile,
    emit: emitter(),
    spawn,
    logRing,
    runtime: Object.entries(process.versions)
      .filter(([name]) => ['node', 'electron', 'chrome'].includes(name))
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    jobs: () => jobHistory?.list() ?? [],
    secrets: () => ({
      folders: [homedir(), dataFolder, installFolder, tmpdir(), process.cwd()],
      names: [userName(), hostname()],
      tokens: foundation.store.tokens()
    })
  })
}

/** A process may run as a user without a name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}

function connectFiles(
  { dataFolder, nowMs, emitter }: Foundation,
  { dialogs, desktopRecent }: ComposeOptions,
  uploads: Uploads,
  usedPaths: () => Promise<string[]>
): FileService {
  return createFileService({
    dialogs: dialogs ?? null,
    desktopRecent: desktopRecent ?? null,
    recent: createRecentFiles(path.join(dataFolder, 'recentFiles.json')),
    ...{ uploads, nowMs, usedPaths },
    emit: emitter()
  })
}

function readVersion(): string {
  return (JSON.parse(readFileSync(path.join(installFolder, 'package.json'), 'utf8')) as { version: string })
    .version
}
