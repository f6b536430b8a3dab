import { isIP } from 'node:net'
import { readRegularFile } from '../../files/readRegularFile'
import type { Redis, RedisOptions } from 'ioredis'
import { AppError } from '../../../shared/errors'
import { serverFaults } from '../../../core/worker/serverCheck'
import type { QueueAddress } from './queueAddress'
import { connectionFault, queueError } from './queueErrors'

/** State of the connection. */
export type ServerState = 'up' | 'down' | 'refused'

/** A connection to the queue server that was checked; it comes back by itself after a failure. */
export interface QueueServer {
  /** Address without user and password. */
  readonly shown: string
  /** Commands; fails at once while the server is down. */
  readonly client: Redis
  readonly state: ServerState
  /** What is wrong while it is not up. */
  readonly problem: AppError | null
  /** Another connection, for blocking commands; its commands wait for the server to come back. */
  another(): Redis
  /**
   * Runs commands; waits for the server to come back and runs them again where it is down or full.
   * @throws AppError queue.denied, queue.unsafe; job.cancelled when aborted
   */
  whenUp<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>
  onState(listener: (state: ServerState) => void): () => void
  close(): void
}

/** Longest time until the first connection, ms. */
const connectTimeoutMs = 5_000
/** A list of certificates of authorities; that of Debian has 0.2 MB. */
const maxCaBytes = 16 * 1024 ** 2
/** Longest time of a command, ms: a server that hangs counts as gone. */
const commandTimeoutMs = 10_000
/** Between two attempts to come back, at most, ms. */
const maxRetryMs = 1_000
/** Between two attempts on a server that takes no data, ms. */
const fullRetryMs = 1_000

/**
 * Connects and checks the server's settings. ioredis is loaded only here.
 * @param caFile PEM file of the authority that signed the server's certificate; null: those the system trusts
 * @throws AppError queue.unreachable, queue.denied, queue.unsafe (with what to set)
 */
export async function connectQueueServer(
  address: QueueAddress,
  options: { caFile?: string | null } = {}
): Promise<QueueServer> {
  const ioredis = await import('ioredis')
  const { shown } = address
  const now = createServerState(shown)
  const clients = new Set<Redis>()

  const settings = await connectionOptions(address, options.caFile ?? null)
  const open = (own: RedisOptions): Redis => {
    const client = new ioredis.Redis({ ...settings, ...own })
    clients.add(client)
    client.on('end', () => clients.delete(client))
    // Without a listener ioredis writes to the console; what matters is seen in the state.
    client.on('error', () => undefined)
    return client
  }
  const retryStrategy = (times: number): number | null =>
    now.isHeld ? Math.min(times * 100, maxRetryMs) : null
  const client = open({
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: commandTimeoutMs,
    retryStrategy
  })
  await watchClient(client, shown, now)

  return {
    shown,
    client,
    get state() {
      return now.state
    },
    get problem() {
      return now.problem
    },
    another: () => open({ maxRetriesPerRequest: null, retryStrategy }),
    whenUp: now.whenUp,
    onState: now.onState,
    close() {
      now.close()
      for (const each of [...clients]) each.disconnect()
    }
  }
}

/** What is known of a connection, and who waits for it. */
interface ServerStateKeeper extends Pick<QueueServer, 'state' | 'problem' | 'whenUp' | 'onState'> {
  /** From the first connection to `close`: a connection that is lost then is made again. */
  readonly isHeld: boolean
  /** Calls listeners with what is news, and wakes who waits unless the server is down. */
  become(next: ServerState, why: AppError | null): void
  close(): void
}

function createServerState(shown: string): ServerStateKeeper {
  const listeners = new Set<(state: ServerState) => void>()
  /** Those who wait for the server; also woken when the connection is closed. */
  const waiting = new Set<() => void>()
  let wasUp = false
  let isClosed = false
  let state: ServerState = 'down'
  let problem: AppError | null = null

  const wakeAll = (): void => {
    for (const wake of [...waiting]) wake()
  }
  const become = (next: ServerState, why: AppError | null): void => {
    const isNews = next !== state || why?.code !== problem?.code
    wasUp ||= next === 'up'
    state = next
    problem = why
    if (isNews) for (const listener of [...listeners]) listener(next)
    if (next !== 'down') wakeAll()
  }
  /** Resolves when the server is not down any more, on close and on abort. */
  const untilUp = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const leave = (): void => {
        waiting.delete(leave)
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      waiting.add(leave)
      signal?.addEventListener('abort', leave, { once: true })
      if (state !== 'down' || isClosed || signal?.aborted === true) leave()
    })

  return {
    get state() {
      return state
    },
    get problem() {
      return problem
    },
    get isHeld() {
      return wasUp && !isClosed
    },
    become,
    async whenUp(work, signal) {
      for (;;) {
        if (signal?.aborted === true || isClosed) throw stopped()
        if (state === 'refused' && problem !== null) throw problem
        if (state === 'down') {
          await untilUp(signal)
          continue
        }
        try {
          const found = await work()
          if (problem !== null) become('up', null)
          return found
        } catch (reason) {
          const fault = connectionFault(reason)
          if (fault === null) throw reason
          if (fault === 'denied') throw queueError(reason, shown)
          if (fault === 'full') become('up', queueError(reason, shown))
          await pauseOrAbort(fault === 'full' ? fullRetryMs : 50, signal)
        }
      }
    },
    onState(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      isClosed = true
      wakeAll()
    }
  }
}

/** Makes the first connection, checks the server's settings, and follows the connection from then on. */
async function watchClient(client: Redis, shown: string, now: ServerStateKeeper): Promise<void> {
  let lastError: unknown = null
  const check = async (): Promise<void> => {
    const faults = serverFaults(await client.info())
    if (faults.length > 0) throw unsafe(shown, faults)
  }
  client.on('error', (reason) => (lastError = reason))
  client.on('close', () => {
    if (now.isHeld) now.become('down', queueError(lastError ?? new Error('it closed the connection'), shown))
  })
  try {
    await withinTime(client.connect().then(check))
  } catch (reason) {
    now.close()
    client.disconnect()
    // ioredis says "Connection is closed"; the error before says why.
    const isVague = reason instanceof Error && reason.message.includes('Connection is closed')
    throw queueError(isVague && lastError !== null ? lastError : reason, shown)
  }
  now.become('up', null)
  client.on('ready', () => {
    // It may have come back with other settings.
    check().then(
      () => now.become('up', null),
      (reason: unknown) =>
        now.become(reason instanceof AppError ? 'refused' : 'down', queueError(reason, shown))
    )
  })
}

/** @throws Error when the server takes the connection and then says nothing */
async function withinTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('connect: no reply within 5 s')), connectTimeoutMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
    work.catch(() => undefined)
  }
}

async function connectionOptions(address: QueueAddress, caFile: string | null): Promise<RedisOptions> {
  const { host, tcpPort, database, username, password, tls } = address
  const ca =
    caFile === null
      ? undefined
      : await readRegularFile(caFile, { maxBytes: maxCaBytes }).catch((cause: unknown) =>
          Promise.reject(noCa(caFile, cause))
        )
  return {
    host,
    port: tcpPort,
    db: database,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    // A server name that is an IP address is against RFC 6066; the certificate is compared with the host all the same.
    ...(tls
      ? { tls: { ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) } }
      : {}),
    connectTimeout: connectTimeoutMs,
    connectionName: 'bitbench'
  }
}

function noCa(file: string, cause: unknown): AppError {
  return new AppError(
    'input.notFound',
    `The file of the certificate authority ${file} cannot be read.`,
    'Name a PEM file.',
    {
      cause
    }
  )
}

function unsafe(shown: string, faults: ReturnType<typeof serverFaults>): AppError {
  return new AppError(
    'queue.unsafe',
    `The queue server ${shown} would lose jobs. ${faults.map(({ message }) => message).join(' ')}`,
    `On the server: ${faults.map(({ remedy }) => remedy).join('; ')}; then redis-cli CONFIG REWRITE, so that it stays.`,
    { details: { faults: faults.map(({ message }) => message) } }
  )
}

/** The error of work that was stopped while it waited for the server. */
export function stopped(): AppError {
  return new AppError('job.cancelled', 'The task was cancelled.', 'Start it again when you want its result.')
}

/** Waits; returns early when aborted. */
export function pauseOrAbort(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const leave = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
      resolve()
    }
    const timer = setTimeout(leave, ms)
    signal?.addEventListener('abort', leave, { once: true })
    if (signal?.aborted === true) leave()
  })
}
