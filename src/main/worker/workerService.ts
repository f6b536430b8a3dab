import { userInfo } from 'node:os'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { QueueState, workerContract, WorkerStatus } from '../../shared/contract/worker'
import { readNetworkAddress } from '../../core/board/network/address'
import { AppError } from '../../shared/errors'
import type { SharedTasks } from '../threads/sharedTask'
import type { TaskPool } from '../threads/taskPool'
import type { CodeIdentity } from './codeIdentity'
import { boardLeaseName } from './boardLeaseName'
import { createInputUpload } from './inputUpload'
import { listLeases, takeLease, type HeldLease } from './leases'
import { startWorker, type RunningWorker } from './ownWorker'
import { parseQueueAddress } from './queueAddress'
import { queueError } from './queueErrors'
import type { AnyTaskPool } from './queueConsumer'
import { countJobs, createQueueJobs, type QueueJobs } from './queueJobs'
import { createQueuePool } from './queuePool'
import { connectQueueServer, type QueueServer } from './queueServer'
import { readQueueSettings, writeQueueSettings, type QueueSettings } from './queueSettings'
import { listWorkers } from './workerRegistry'

/** The queue server as this process uses it. */
export interface WorkerService<Tasks extends Record<string, { input: unknown; output: unknown }>> {
  readonly handlers: HandlersOf<typeof workerContract>
  /** Runs shared tasks on the queue where a server is named, everything else in local threads. */
  readonly pool: TaskPool<Tasks>
  /**
   * Uses a server in this process alone, checked at once; nothing is kept.
   * @param ownThreads jobs this process runs itself at a time; 0: it only hands out
   * @throws AppError input.invalid, queue.*
   */
  use(settings: QueueSettings, ownThreads: number): Promise<void>
  /**
   * Exclusive use of a board's line among the hosts that name the same server; null where none is named.
   * @param port a console's address or the path of a serial port
   * @throws AppError board.busy with holder, host and time left; for a console on the network queue.* (a serial port of this
   * machine is then used without a lease)
   */
  leaseLine(port: string): Promise<HeldLease | null>
  /** Code and processor kind of this process. */
  identity(): Promise<CodeIdentity>
  close(): Promise<void>
}

interface Connection {
  readonly server: QueueServer
  readonly jobs: QueueJobs
  /** Of boards, held by this process. */
  readonly leases: Set<HeldLease>
  /** Starts with the first job of this process. */
  worker: Promise<RunningWorker> | null
}

/** Nothing connects before a server is named and a shared task or the page asks for it. */
export function createWorkerService<Tasks extends Record<string, { input: unknown; output: unknown }>>(deps: {
  local: TaskPool<Tasks>
  shared: SharedTasks
  dataFolder: string
  /** Threads of this process that work for the queue. */
  ownThreads: () => number
  identity: () => Promise<CodeIdentity>
  emit: EmitterOf<typeof workerContract>
  log: (line: string) => void
  nowMs: () => number
  newId: () => string
}): WorkerService<Tasks> {
  const { local, shared, dataFolder, emit, log, nowMs, newId } = deps
  let override: { settings: QueueSettings; ownThreads: number } | undefined
  let opening: Promise<Connection> | undefined
  let current: Connection | undefined
  let identity: Promise<CodeIdentity> | undefined
  const identify = (): Promise<CodeIdentity> => (identity ??= deps.identity())

  const named = async (): Promise<QueueSettings | null> =>
    override?.settings ?? (await readQueueSettings(dataFolder))
  const ownThreads = (): number => override?.ownThreads ?? deps.ownThreads()

  const report = (): void => {
    if (current === undefined) return
    const { server, jobs } = current
    const { shown, state, problem } = server
    emit('worker.changed', {
      server: shown,
      state,
      problem: problem?.toJSON() ?? null,
      pending: jobs.pending()
    })
    if (state === 'up' && problem === null) log(`The queue server ${shown} is back; the work goes on.`)
    else if (problem !== null) log(`${problem.message} ${problem.hint}`)
  }

  const connect = async (settings: QueueSettings): Promise<Connection> => {
    const server = await connectQueueServer(parseQueueAddress(settings.address), { caFile: settings.caFile })
    const upload = createInputUpload(server, nowMs)
    const own = { server, upload, identity: await identify(), ownerId: newId(), nowMs }
    const connection: Connection = {
      server,
      jobs: await createQueueJobs(own),
      leases: new Set(),
      worker: null
    }
    server.onState(report)
    current = connection
    return connection
  }

  /** Null where no server is named. A server that could not be used is tried again with the next call. */
  const connected = async (): Promise<Connection | null> => {
    const settings = await named()
    if (settings === null) return null
    if (opening === undefined) {
      const attempt = connect(settings)
      opening = attempt
      attempt.catch(() => {
        if (opening === attempt) opening = undefined
      })
    }
    return await opening
  }

  const leave = async (): Promise<void> => {
    const left = await opening?.catch(() => undefined)
    opening = undefined
    current = undefined
    if (left === undefined) return
    await Promise.all([...left.leases].map((lease) => lease.release()))
    await left.jobs.close()
    await (await left.worker?.catch(() => undefined))?.close()
    left.server.close()
  }

  const jobs = async (): Promise<QueueJobs | null> => {
    const connection = await connected()
    if (connection === null) return null
    const concurrency = ownThreads()
    // Before the look at `worker`: two first jobs at once must not start two of them.
    const own = await identify()
    if (concurrency > 0) {
      connection.worker ??= startWorker({
        server: connection.server,
        tasks: local as unknown as AnyTaskPool,
        shared,
        names: Object.keys(shared),
        concurrency,
        dataFolder,
        identity: own,
        nowMs
      })
      connection.worker.catch(() => (connection.worker = null))
    }
    return connection.jobs
  }

  const status = async (): Promise<WorkerStatus> => {
    const { code, arithmetic } = await identify()
    const none = { code, arithmetic, waiting: 0, active: 0, workers: [], leases: [], pending: 0 }
    const settings = await named()
    if (settings === null) return { ...none, server: null, state: 'off', problem: null, kept: false }
    const kept = override === undefined
    try {
      const connection = (await connected())!
      const { server } = connection
      const about = { server: server.shown, problem: server.problem?.toJSON() ?? null, kept }
      const pending = connection.jobs.pending()
      if (server.state !== 'up') return { ...none, ...about, state: server.state, pending }
      const [workers, leases, counts] = await Promise.all([
        listWorkers(server.client, await identify()),
        listLeases(server.client),
        countJobs(server.client, Object.keys(shared), await identify())
      ])
      return { ...none, ...about, ...counts, state: 'up', pending, workers, leases }
    } catch (reason) {
      const error = AppError.from(reason)
      return { ...none, server: shownOf(settings), state: stateOf(error), problem: error.toJSON(), kept }
    }
  }

  const takeBoard = async (name: string, host: string): Promise<HeldLease | null> => {
    const connection = await connected()
    if (connection === null) return null
    const { server, leases } = connection
    if (server.state !== 'up' && server.problem !== null) throw server.problem
    try {
      const lease = await takeLease(server.client, name, {
        host,
        pid: process.pid,
        user: userInfo().username
      })
      const given: HeldLease = {
        ...lease,
        async release() {
          leases.delete(given)
          await lease.release()
        }
      }
      leases.add(given)
      return given
    } catch (reason) {
      throw queueError(reason, server.shown)
    }
  }

  const leaseLine = async (port: string): Promise<HeldLease | null> => {
    if ((await named()) === null) return null
    const { host } = await identify()
    try {
      return await takeBoard(boardLeaseName(port, host), host)
    } catch (reason) {
      // The system itself keeps a serial port of this machine to one program.
      const error = AppError.from(reason)
      if (readNetworkAddress(port) !== null || !error.code.startsWith('queue.')) throw error
      log(`${port} is used without a lease: ${error.message}`)
      return null
    }
  }

  return {
    leaseLine,
    identity: identify,
    pool: createQueuePool({ local, shared, jobs }),
    async use(settings, threads) {
      await leave()
      override = { settings, ownThreads: threads }
      await connected()
    },
    async close() {
      await leave()
    },
    handlers: {
      'worker.status': status,
      async 'worker.connect'(settings) {
        const server = await connectQueueServer(parseQueueAddress(settings.address), settings)
        server.close()
        await writeQueueSettings(dataFolder, settings)
        override = undefined
        await leave()
        return await status()
      },
      async 'worker.disconnect'() {
        await writeQueueSettings(dataFolder, null)
        override = undefined
        await leave()
        return await status()
      }
    }
  }
}

function stateOf({ code }: AppError): QueueState {
  return code === 'queue.unreachable' ? 'down' : 'refused'
}

function shownOf({ address }: QueueSettings): string | null {
  try {
    return parseQueueAddress(address).shown
  } catch {
    return null
  }
}
