import { userInfo } from 'node:os'
import type { HandlersOf } from '../../shared/contract/framework/define'
import type { QueueState, workerContract, WorkerStatus } from '../../shared/contract/worker'
import { readNetworkAddress } from '../../core/board/network/address'
import { AppError } from '../../shared/errors'
import type { TaskPool } from '../threads/taskPool'
import type { CodeIdentity } from './codeIdentity'
import { boardLeaseName } from './boardLeaseName'
import { listLeases, takeLease, type HeldLease } from './leases'
import { parseQueueAddress } from './queue/queueAddress'
import { queueError } from './queue/queueErrors'
import type { AnyTaskPool } from './queue/queueConsumer'
import {
  createQueueConnection,
  type QueueConnection,
  type QueueConnectionDeps
} from './queue/queueConnection'
import { countJobs } from './queue/queueJobs'
import { createQueuePool } from './queue/queuePool'
import { connectQueueServer } from './queue/queueServer'
import { writeQueueSettings, type QueueSettings } from './queue/queueSettings'
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

/** What the queue of this process is made from: that of its connection, with the local pool by its table of tasks. */
export interface WorkerServiceDeps<
  Tasks extends Record<string, { input: unknown; output: unknown }>
> extends Omit<QueueConnectionDeps, 'local'> {
  local: TaskPool<Tasks>
}

/** Nothing connects before a server is named and a shared task or the page needs it. */
export function createWorkerService<Tasks extends Record<string, { input: unknown; output: unknown }>>(
  deps: WorkerServiceDeps<Tasks>
): WorkerService<Tasks> {
  const { local, shared, dataFolder } = deps
  let known: Promise<CodeIdentity> | undefined
  const identity = (): Promise<CodeIdentity> => (known ??= deps.identity())
  const queue = createQueueConnection({ ...deps, identity, local: local as unknown as AnyTaskPool })
  const status = (): Promise<WorkerStatus> => statusOf(queue, identity, Object.keys(shared))
  /** Uses the kept server from the next call on. */
  const backToKept = async (): Promise<WorkerStatus> => {
    queue.override(undefined)
    await queue.leave()
    return await status()
  }

  return {
    leaseLine: (port) => leaseLine(port, queue, identity, deps.log),
    identity,
    pool: createQueuePool({ local, shared, jobs: () => queue.jobs() }),
    async use(settings, ownThreads) {
      await queue.leave()
      queue.override({ settings, ownThreads })
      await queue.connected()
    },
    close: () => queue.leave(),
    handlers: {
      'worker.status': status,
      async 'worker.connect'(settings) {
        const server = await connectQueueServer(parseQueueAddress(settings.address), settings)
        server.close()
        await writeQueueSettings(dataFolder, settings)
        return await backToKept()
      },
      async 'worker.disconnect'() {
        await writeQueueSettings(dataFolder, null)
        return await backToKept()
      }
    }
  }
}

/** The server, its workers, leases and jobs as the page shows them. */
async function statusOf(
  queue: QueueConnection,
  identity: () => Promise<CodeIdentity>,
  tasks: readonly string[]
): Promise<WorkerStatus> {
  const own = await identity()
  const { code, arithmetic } = own
  const none = { code, arithmetic, waiting: 0, active: 0, workers: [], leases: [], pending: 0 }
  const settings = await queue.settings()
  if (settings === null) return { ...none, server: null, state: 'off', problem: null, kept: false }
  const kept = queue.isKept()
  try {
    const { server, jobs } = (await queue.connected())!
    const about = { server: server.shown, problem: server.problem?.toJSON() ?? null, kept }
    const pending = jobs.pending()
    if (server.state !== 'up') return { ...none, ...about, state: server.state, pending }
    const [workers, leases, counts] = await Promise.all([
      listWorkers(server.client, own),
      listLeases(server.client),
      countJobs(server.client, tasks, own)
    ])
    return { ...none, ...about, ...counts, state: 'up', pending, workers, leases }
  } catch (reason) {
    const error = AppError.from(reason)
    return { ...none, server: shownOf(settings), state: stateOf(error), problem: error.toJSON(), kept }
  }
}

async function leaseLine(
  port: string,
  queue: QueueConnection,
  identity: () => Promise<CodeIdentity>,
  log: (line: string) => void
): Promise<HeldLease | null> {
  if ((await queue.settings()) === null) return null
  const { host } = await identity()
  try {
    return await takeBoard(boardLeaseName(port, host), host, queue)
  } catch (reason) {
    // The system itself keeps a serial port of this machine to one program.
    const error = AppError.from(reason)
    if (readNetworkAddress(port) !== null || !error.code.startsWith('queue.')) throw error
    log(`${port} is used without a lease: ${error.message}`)
    return null
  }
}

async function takeBoard(name: string, host: string, queue: QueueConnection): Promise<HeldLease | null> {
  const connection = await queue.connected()
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
