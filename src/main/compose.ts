import path from 'node:path'
import { commands } from '../shared/contract'
import { createUploads } from './file/uploads'
import { createDispatcher, type Dispatch } from './hosts/dispatcher'
import type { EventBus } from './hosts/eventBus'
import type { LazyStore } from './store/lazyStore'
import { createStoreService } from './store/storeService'
import type { TaskPool } from './threads/taskPool'
import type { Tasks } from './taskRegistry'
import { connectApp, connectFiles, readVersion } from './wiring/app'
import { closeInTurn } from './wiring/closeInTurn'
import { connectBoards, connectGpus, connectMeters, connectPorts } from './wiring/devices'
import { connectEstimators } from './wiring/estimators'
import { withHostPaths } from './wiring/hostPaths'
import { layFoundation, type ComposeOptions, type Foundation } from './wiring/foundation'
import { connectComparison } from './wiring/comparison'
import { connectLab } from './wiring/lab'
import { createLmService } from './lm/lmService'
import { connectLoop } from './wiring/loop'
import { meterPower } from './wiring/meterPower'
import { connectNetworks } from './wiring/networks'
import { connectRemote } from './wiring/remote'
import { connectShared } from './wiring/shared'
import { connectWorkers } from './wiring/workers'
import { connectWorkloads } from './wiring/workloads'

export type { ComposeOptions } from './wiring/foundation'

/** Everything one process of Bitbench consists of. */
export interface Bitbench extends Services {
  readonly dispatch: Dispatch
  readonly events: EventBus
  readonly tasks: TaskPool<Tasks>
  readonly store: LazyStore
  /** Cancels what runs, frees the boards, closes the data file. */
  close(): Promise<void>
}

/**
 * The only place where services meet adapters and each other, domain by domain in main/wiring. Domains do not import one
 * another: what one needs of another is passed here as an interface.
 */
export async function composeBitbench(options: ComposeOptions): Promise<Bitbench> {
  const foundation = await layFoundation(options)
  const services = connectServices(foundation, options, () => dispatch)
  const dispatch = createDispatcher(commands, withHostPaths(handlersOf(services)), foundation.log)
  const { events, tasks, store } = foundation
  return {
    ...services,
    ...{ dispatch, events, tasks, store },
    close: () => closeServices(foundation, services)
  }
}

type Services = ReturnType<typeof connectServices>

/** Connects the services in an order in which each needs only what stands before it, or calls it later. */
function connectServices(foundation: Foundation, options: ComposeOptions, dispatch: () => Dispatch) {
  const version = readVersion()
  const app = connectApp(foundation, version)
  const worker = connectWorkers(foundation, version)
  const lab = connectLab(foundation, version)
  const ports = connectPorts(
    foundation,
    (port) => worker.leaseLine(port),
    (port) => lab.holdLine(port)
  )
  const board = connectBoards(foundation, ports)
  const { gpu, energy, recordings, removeRecording } = connectGpus(foundation)
  const meter = connectMeters(foundation, ports, gpu)
  const workload = connectWorkloads(foundation, gpu, energy)
  const { estimator, estimators } = connectEstimators(foundation, workload.stages)
  const loop = connectLoop(foundation, dispatch)
  const sharedFolder = connectShared(foundation, {
    runs: () => networks.runs,
    session: () => networks.session,
    arithmetic: async () => (await worker.identity()).arithmetic,
    version
  })
  const networks = connectNetworks(
    { ...foundation, tasks: worker.pool },
    board,
    [loop.runs, workload.runs, estimator.collections],
    { recordings, estimators, version, removeRecording },
    meterPower(meter, gpu),
    sharedFolder
  )
  const uploads = createUploads(path.join(options.dataFolder, 'uploads'))
  const file = connectFiles(foundation, options, uploads, () => networks.model.openedPaths())
  const lm = createLmService({ ...foundation, boards: board, emit: foundation.emitter() })
  const remote = connectRemote(foundation, networks.session)
  const comparison = connectComparison(dispatch)
  return {
    ...networks,
    ...{ app, board, comparison, energy, estimator, file, gpu, jobs: foundation.jobs, lab, lm, loop, meter },
    ...{ remote, sharedFolder, storeService: createStoreService(foundation.store), uploads, worker, workload }
  }
}

/** The handlers of every command of the contract. */
function handlersOf(services: Services) {
  return {
    ...services.app.handlers,
    ...services.board.handlers,
    ...services.calibrations.handlers,
    ...services.comparison.handlers,
    ...services.dataset.handlers,
    ...services.deploy.handlers,
    ...services.energy.handlers,
    ...services.estimator.handlers,
    ...services.file.handlers,
    ...services.gpu.handlers,
    ...services.jobs.handlers,
    ...services.lab.handlers,
    ...services.lm.handlers,
    ...services.loop.handlers,
    ...services.meter.handlers,
    ...services.model.handlers,
    ...services.profile.handlers,
    ...services.proxy.handlers,
    ...services.remote.handlers,
    ...services.runs.handlers,
    ...services.search.handlers,
    ...services.session.handlers,
    ...services.sharedFolder.handlers,
    ...services.storeService.handlers,
    ...services.worker.handlers,
    ...services.workload.handlers
  }
}

/** Ends jobs first, then what they use, the data file last. */
async function closeServices(foundation: Foundation, services: Services): Promise<void> {
  const { host, jobs, log, tasks, store, jobHistory } = foundation
  for (const title of await jobs.stop()) log(`"${title}" did not stop in time and is ended with the process.`)
  // A window or a server is a session that deletions can be undone in; one command is not.
  if (host !== 'cli') await services.runs.purge().catch((reason: unknown) => log(String(reason)))
  const { gpu, board, lab, sharedFolder, worker } = services
  const inTurn = [gpu, board, lab, sharedFolder, worker, tasks, store].map((part) => () => part.close())
  await closeInTurn([...inTurn, () => jobHistory?.flush()], log)
}
