import type { Board, LineStatistics, PortSettings } from '../../shared/contract/board'
import { AppError } from '../../shared/errors'
import { type BoardSession, type DescribedBoard, openBoardSession, type OpenSession } from './boardSession'
import type { ConsoleLog } from './consoleLog'
import type { Link } from './links/link'

/** Line, log and callbacks of a board's connection. */
export interface ConnectionOptions {
  id: string
  /** Opens the line; called again for every reconnection. May find the board on another port. */
  open: (settings: PortSettings) => Promise<Link>
  console: ConsoleLog
  nonce: () => number
  /** Something the user sees has changed. */
  changed: () => void
}

/** One board's line from connect to disconnect: session, lease, and coming back by itself. */
export interface BoardConnection {
  readonly state: Board['state']
  readonly reason: string | null
  readonly leasedBy: string | null
  readonly session: OpenSession | null
  readonly settings: PortSettings
  connect(settings: PortSettings, identify: boolean): Promise<void>
  disconnect(): Promise<void>
  /**
   * The board's program is being replaced: it is not identified, and a reconnection sends no hello. Returns what to
   * call when nothing was replaced after all: it sends hello again, as before.
   */
  forgetIdentity(): () => Promise<void>
  statistics(): LineStatistics | null
  /** @throws board.notConnected, board.busy naming the owner */
  withLease<T>(owner: string, work: (session: BoardSession) => Promise<T>): Promise<T>
  /** Settles when the board is connected again, rejects with board.disconnected after `timeoutMs`. */
  connected(timeoutMs: number, signal?: AbortSignal): Promise<void>
}

const firstRetryMs = 300
const maxRetryMs = 3_000

/** Keeps a board connected: state, lease, identity and reconnection after a lost line. */
export function createBoardConnection(options: ConnectionOptions): BoardConnection {
  const { id, open, console: log, nonce, changed } = options
  let state: Board['state'] = 'available'
  let reason: string | null = null
  let leasedBy: string | null = null
  let session: OpenSession | null = null
  let settings!: PortSettings
  let wantsIdentity = true
  /** Of a board whose line was lost: it keeps its name when it comes back by itself. */
  let described: DescribedBoard = {}
  let reconnects = 0
  /** Grows with every connect and disconnect: what an older attempt still does is then no longer wanted. */
  let generation = 0
  const waiting = new Set<() => void>()

  const become = (next: Board['state'], why: string | null): void => {
    state = next
    reason = why
    changed()
    if (next === 'connected' || next === 'available') for (const wake of [...waiting]) wake()
  }

  const establish = async (current: number): Promise<void> => {
    const link = await open(settings)
    const onText = (bytes: Uint8Array): void => log.bytes('received', bytes)
    const opened = openBoardSession({ link, onText, nonce, described })
    try {
      if (wantsIdentity) await opened.hello()
      if (current !== generation) throw notConnected(id)
      if (link.closed !== null)
        throw new AppError('board.disconnected', `${id} went away: ${link.closed.text}.`, 'Connect it again.')
    } catch (error) {
      await link.close()
      throw error
    }
    session = opened
    link.onClose((why) => {
      if (session !== opened) return
      session = null
      described = opened.described
      log.note(`disconnected: ${why.text}`)
      if (why.kind === 'asked' || current !== generation) return
      if (settings.reconnect) void reconnect(current, why.text)
      else become('available', null)
    })
    log.note(describe(opened))
    become('connected', null)
  }

  const reconnect = async (current: number, why: string): Promise<void> => {
    become('reconnecting', `Lost (${why}); it is connected again as soon as it is back.`)
    for (let pauseMs = firstRetryMs; current === generation; pauseMs = Math.min(maxRetryMs, pauseMs * 1.5)) {
      await sleep(pauseMs)
      if (current !== generation) return
      try {
        await establish(current)
        reconnects++
        changed()
        return
      } catch (error) {
        const failure = AppError.from(error)
        if (current === generation) become('reconnecting', `${failure.message} ${failure.hint}`)
      }
    }
  }

  const notReady = (): AppError =>
    state === 'reconnecting'
      ? new AppError(
          'board.disconnected',
          `${id} was disconnected. ${reason ?? ''}`.trim(),
          'Wait for it to come back, or disconnect it.'
        )
      : notConnected(id)

  return {
    get state() {
      return state
    },
    get reason() {
      return reason
    },
    get leasedBy() {
      return leasedBy
    },
    get session() {
      return session
    },
    get settings() {
      return settings
    },
    async connect(next, identify) {
      const current = ++generation
      settings = next
      wantsIdentity = identify
      described = {}
      reconnects = 0
      become('connecting', null)
      try {
        await establish(current)
      } catch (error) {
        if (current === generation) become('available', null)
        log.note(`not connected: ${AppError.from(error).message}`)
        throw error
      }
    },
    async disconnect() {
      generation++
      const open = session
      session = null
      await open?.link.close()
      leasedBy = null
      become('available', null)
    },
    forgetIdentity() {
      const before = { wantsIdentity, wasIdentified: session?.identified != null }
      wantsIdentity = false
      described = {}
      session?.forget()
      changed()
      return async () => {
        wantsIdentity = before.wantsIdentity
        if (before.wasIdentified) await session?.hello().catch(() => undefined)
        changed()
      }
    },
    statistics() {
      if (session === null) return null
      return { ...session.counts(), reconnects, latencyMs: session.link.descriptor.latencyMs ?? null }
    },
    async withLease(owner, work) {
      if (session === null || state !== 'connected') throw notReady()
      if (leasedBy !== null) {
        throw new AppError(
          'board.busy',
          `${id} is in use by the ${leasedBy}.`,
          `Wait for the ${leasedBy} to end, or cancel it in the job list.`,
          { details: { leasedBy } }
        )
      }
      leasedBy = owner
      changed()
      try {
        return await work(session)
      } finally {
        leasedBy = null
        changed()
      }
    },
    async connected(timeoutMs, signal) {
      const deadlineMs = performance.now() + timeoutMs
      while (state !== 'connected') {
        const leftMs = deadlineMs - performance.now()
        if (leftMs <= 0 || signal?.aborted === true || state === 'available') throw notReady()
        await new Promise<void>((resolve) => {
          const finish = (): void => {
            clearTimeout(timer)
            waiting.delete(finish)
            signal?.removeEventListener('abort', finish)
            resolve()
          }
          const timer = setTimeout(finish, leftMs)
          waiting.add(finish)
          signal?.addEventListener('abort', finish)
        })
      }
    }
  }
}

function describe(session: OpenSession): string {
  const info = session.identified
  return info === null
    ? `connected to ${session.link.descriptor.label}, not identified`
    : `connected: ${info.coreName}, ${info.isa}, ${info.buildText}`
}

function notConnected(id: string): AppError {
  return new AppError('board.notConnected', `${id} is not connected.`, 'Connect it on the Boards page first.')
}

const sleep = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs))
