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
  return new Connection(options)
}

class Connection implements BoardConnection {
  state: Board['state'] = 'available'
  reason: string | null = null
  leasedBy: string | null = null
  session: OpenSession | null = null
  settings!: PortSettings
  private wantsIdentity = true
  /** Of a board whose line was lost: it keeps its name when it comes back by itself. */
  private described: DescribedBoard = {}
  private reconnects = 0
  /** Grows with every connect and disconnect: what an older attempt still does is then no longer wanted. */
  private generation = 0
  private readonly waiting = new Set<() => void>()

  constructor(private readonly options: ConnectionOptions) {}

  async connect(settings: PortSettings, identify: boolean): Promise<void> {
    const current = ++this.generation
    this.settings = settings
    this.wantsIdentity = identify
    this.described = {}
    this.reconnects = 0
    this.become('connecting', null)
    try {
      await this.establish(current)
    } catch (error) {
      if (current === this.generation) this.become('available', null)
      this.options.console.note(`not connected: ${AppError.from(error).message}`)
      throw error
    }
  }

  async disconnect(): Promise<void> {
    this.generation++
    const open = this.session
    this.session = null
    await open?.link.close()
    this.leasedBy = null
    this.become('available', null)
  }

  forgetIdentity(): () => Promise<void> {
    const { wantsIdentity } = this
    const wasIdentified = this.session?.identified != null
    this.wantsIdentity = false
    this.described = {}
    this.session?.forget()
    this.options.changed()
    return async () => {
      this.wantsIdentity = wantsIdentity
      if (wasIdentified) await this.session?.hello().catch(() => undefined)
      this.options.changed()
    }
  }

  statistics(): LineStatistics | null {
    const { session, reconnects } = this
    if (session === null) return null
    return { ...session.counts(), reconnects, latencyMs: session.link.descriptor.latencyMs ?? null }
  }

  async withLease<T>(owner: string, work: (session: BoardSession) => Promise<T>): Promise<T> {
    const { session, leasedBy } = this
    if (session === null || this.state !== 'connected') throw this.notReady()
    if (leasedBy !== null) {
      throw new AppError(
        'board.busy',
        `${this.options.id} is in use by the ${leasedBy}.`,
        `Wait for the ${leasedBy} to end, or cancel it in the job list.`,
        { details: { leasedBy } }
      )
    }
    this.leasedBy = owner
    this.options.changed()
    try {
      return await work(session)
    } finally {
      this.leasedBy = null
      this.options.changed()
    }
  }

  async connected(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs
    while (this.state !== 'connected') {
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0 || signal?.aborted === true || this.state === 'available') throw this.notReady()
      await this.change(leftMs, signal)
    }
  }

  /** Resolves when the board is connected or given up, after `timeoutMs`, or on abort. */
  private async change(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { waiting } = this
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        waiting.delete(finish)
        signal?.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, timeoutMs)
      waiting.add(finish)
      signal?.addEventListener('abort', finish)
    })
  }

  private become(next: Board['state'], why: string | null): void {
    this.state = next
    this.reason = why
    this.options.changed()
    if (next === 'connected' || next === 'available') for (const wake of [...this.waiting]) wake()
  }

  private async establish(current: number): Promise<void> {
    const { id, open, console: log, nonce } = this.options
    const link = await open(this.settings)
    const onText = (bytes: Uint8Array): void => log.bytes('received', bytes)
    const opened = openBoardSession({ link, onText, nonce, described: this.described })
    try {
      if (this.wantsIdentity) await opened.hello()
      if (current !== this.generation) throw notConnected(id)
      if (link.closed !== null)
        throw new AppError('board.disconnected', `${id} went away: ${link.closed.text}.`, 'Connect it again.')
    } catch (error) {
      await link.close()
      throw error
    }
    this.session = opened
    link.onClose((why) => {
      if (this.session !== opened) return
      this.session = null
      this.described = opened.described
      log.note(`disconnected: ${why.text}`)
      if (why.kind === 'asked' || current !== this.generation) return
      if (this.settings.reconnect) void this.reconnect(current, why.text)
      else this.become('available', null)
    })
    log.note(describe(opened))
    this.become('connected', null)
  }

  private async reconnect(current: number, why: string): Promise<void> {
    this.become('reconnecting', `Lost (${why}); it is connected again as soon as it is back.`)
    const isWanted = (): boolean => current === this.generation
    for (let pauseMs = firstRetryMs; isWanted(); pauseMs = Math.min(maxRetryMs, pauseMs * 1.5)) {
      await sleep(pauseMs)
      if (!isWanted()) return
      try {
        await this.establish(current)
        this.reconnects++
        this.options.changed()
        return
      } catch (error) {
        const failure = AppError.from(error)
        if (isWanted()) this.become('reconnecting', `${failure.message} ${failure.hint}`)
      }
    }
  }

  private notReady(): AppError {
    const { id } = this.options
    return this.state === 'reconnecting'
      ? new AppError(
          'board.disconnected',
          `${id} was disconnected. ${this.reason ?? ''}`.trim(),
          'Wait for it to come back, or disconnect it.'
        )
      : notConnected(id)
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
