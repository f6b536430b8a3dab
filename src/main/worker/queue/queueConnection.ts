import type { EmitterOf } from '../../../shared/contract/framework/define'
import type { workerContract } from '../../../shared/contract/worker'
import type { SharedTasks } from '../../threads/sharedTask'
import type { CodeIdentity } from '../codeIdentity'
import { createInputUpload } from '../inputs/inputUpload'
import type { HeldLease } from '../leases'
import { startWorker, type RunningWorker } from '../ownWorker'
import { parseQueueAddress } from './queueAddress'
import type { AnyTaskPool } from './queueConsumer'
import { createQueueJobs, type QueueJobs } from './queueJobs'
import { connectQueueServer, type QueueServer } from './queueServer'
import { readQueueSettings, type QueueSettings } from './queueSettings'

/** A connection to a queue server with what runs over it. */
export interface Connection {
  readonly server: QueueServer
  readonly jobs: QueueJobs
  /** Of boards, held by this process. */
  readonly leases: Set<HeldLease>
  /** Starts with the first job of this process. */
  worker: Promise<RunningWorker> | null
}

/** A server that is used in this process alone. */
export interface QueueOverride {
  readonly settings: QueueSettings
  /** Jobs this process runs itself at a time; 0: it only hands out. */
  readonly ownThreads: number
}

/** The one queue server of this process: named in the settings or overridden, connected with its first use. */
export interface QueueConnection {
  /** Settings of the server in use; null where none is named. */
  settings(): Promise<QueueSettings | null>
  /** Whether the server in use is the one that is kept in the settings. */
  isKept(): boolean
  /** Uses a server in this process alone; undefined: the kept one again. Takes effect with the next connection. */
  override(use: QueueOverride | undefined): void
  /** Null where no server is named. A server that could not be used is tried again with the next call. */
  connected(): Promise<Connection | null>
  /** Jobs on the server, with this process's own worker started; null where no server is named. */
  jobs(): Promise<QueueJobs | null>
  /** Gives leases back, ends jobs and worker, and disconnects. */
  leave(): Promise<void>
}

/** What a connection is made from. */
export interface QueueConnectionDeps {
  local: AnyTaskPool
  shared: SharedTasks
  dataFolder: string
  /** Threads of this process that work for the queue. */
  ownThreads: () => number
  identity: () => Promise<CodeIdentity>
  emit: EmitterOf<typeof workerContract>
  log: (line: string) => void
  nowMs: () => number
  newId: () => string
}

/** Returns the queue server of this process; nothing connects before it is used. */
export function createQueueConnection(deps: QueueConnectionDeps): QueueConnection {
  const { dataFolder, identity, nowMs, newId } = deps
  let override: QueueOverride | undefined
  let opening: Promise<Connection> | undefined
  let current: Connection | undefined

  const settings = async (): Promise<QueueSettings | null> =>
    override?.settings ?? (await readQueueSettings(dataFolder))

  const connect = async ({ address, caFile }: QueueSettings): Promise<Connection> => {
    const server = await connectQueueServer(parseQueueAddress(address), { caFile })
    const upload = createInputUpload(server, nowMs)
    const own = { server, upload, identity: await identity(), ownerId: newId(), nowMs }
    const connection: Connection = {
      server,
      jobs: await createQueueJobs(own),
      leases: new Set(),
      worker: null
    }
    server.onState(() => {
      if (current !== undefined) report(current, deps)
    })
    current = connection
    return connection
  }

  const connected = async (): Promise<Connection | null> => {
    const named = await settings()
    if (named === null) return null
    if (opening === undefined) {
      const attempt = connect(named)
      opening = attempt
      attempt.catch(() => {
        if (opening === attempt) opening = undefined
      })
    }
    return await opening
  }

  return {
    settings,
    connected,
    isKept: () => override === undefined,
    override: (use) => void (override = use),
    async jobs() {
      const connection = await connected()
      if (connection === null) return null
      const concurrency = override?.ownThreads ?? deps.ownThreads()
      // Before the look at `worker`: two first jobs at once must not start two of them.
      const own = await identity()
      if (concurrency > 0) ensureWorker(connection, concurrency, own, deps)
      return connection.jobs
    },
    async leave() {
      const left = await opening?.catch(() => undefined)
      opening = undefined
      current = undefined
      if (left === undefined) return
      await Promise.all([...left.leases].map((lease) => lease.release()))
      await left.jobs.close()
      await (await left.worker?.catch(() => undefined))?.close()
      left.server.close()
    }
  }
}

/** Starts this process's worker; one that could not start is tried again with the next job. */
function ensureWorker(
  connection: Connection,
  concurrency: number,
  identity: CodeIdentity,
  { local, shared, dataFolder, nowMs }: QueueConnectionDeps
): void {
  connection.worker ??= startWorker({
    server: connection.server,
    tasks: local,
    shared,
    names: Object.keys(shared),
    concurrency,
    dataFolder,
    identity,
    nowMs
  })
  connection.worker.catch(() => (connection.worker = null))
}

function report({ server, jobs }: Connection, { emit, log }: QueueConnectionDeps): void {
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
