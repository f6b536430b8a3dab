import { createHash, type Hash } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { createTextLines } from '../../core/text/lines'
import { clockOffsetOf, type ClockExchange } from '../../core/remote/clockOffset'
import type { RunOrigin } from '../../shared/contract/remote'
import { AppError } from '../../shared/errors'
import type { LineChannel } from './lineChannel'
import {
  firstRemoteTasks,
  lineOf,
  maxLineLength,
  readLine,
  remoteProtocol,
  reportSchema,
  type Order,
  type RemoteTask,
  type Report
} from './remoteProtocol'

/** What the far side reported until its end. */
export interface RemoteOutcome {
  origin: Omit<RunOrigin, 'host'>
  gpus: string[]
  /** Why no GPU can be read there. */
  problem: string | null
  /** Whether the session file came, whole. */
  hasFile: boolean
  /** How the work there ended; null: well. */
  error: AppError | null
}

/** Surroundings of a conversation. */
export interface TalkHooks {
  nowMs(): number
  /** Gets the session file. */
  file: string
  signal: AbortSignal
  onOutput(stream: 'stdout' | 'stderr', text: string): void
  onProgress(done: number, total: number, note: string): void
  /** The latest words of standard error, for messages. */
  lastErrorText(): string
}

/** Exchanges by which the clocks are compared. */
const pings = 8
/** Time for the far side to send its result after an order to cancel, ms. */
const cancelGraceMs = 20_000
/** Largest session that is taken over, bytes. */
const maxFileBytes = 4 * 2 ** 30

/**
 * Gives a task to the far side and listens until it is done. An abort cancels the task there and waits for what came out; a
 * far side that has not begun is ended at once. One that begins again (a batch job put back into the queue) is given the
 * same task, and what it had sent before is dropped.
 *
 * @throws AppError remote.unreachable (it never began), remote.lost (it ended in the middle), remote.version, data.invalid
 */
export async function talkRemote(
  channel: LineChannel,
  task: RemoteTask,
  folder: string | null,
  hooks: TalkHooks
): Promise<RemoteOutcome> {
  const talk = new Talk(channel, task, folder, hooks)
  let grace: NodeJS.Timeout | undefined
  const onAbort = (): void => {
    if (!talk.hasBegun) return void channel.stop()
    talk.order({ type: 'cancel' })
    grace = setTimeout(() => void channel.stop(), cancelGraceMs)
  }
  hooks.signal.addEventListener('abort', onAbort, { once: true })
  if (hooks.signal.aborted) onAbort()
  try {
    const lines = createTextLines({ maxLength: maxLineLength })
    for await (const chunk of channel.chunks) {
      for (const line of lines.push(chunk)) await talk.hear(line)
      if (talk.isOver) break
    }
    if (talk.isOver) return talk.outcome()
    const early = endedEarly(await channel.ended, talk.hasBegun, hooks)
    // What a stopped process had sent is kept, and the run is not taken for a whole one.
    if (talk.hasResult) return { ...talk.outcome(), error: early }
    throw early
  } finally {
    hooks.signal.removeEventListener('abort', onAbort)
    clearTimeout(grace)
    await talk.close()
    await channel.stop()
  }
}

/** State of a conversation as seen from the machine that ordered the work. */
class Talk {
  hasBegun = false
  isOver = false
  private hello: Extract<Report, { type: 'hello' }> | undefined
  private about: Extract<Report, { type: 'gpus' }> | undefined
  private end: Extract<Report, { type: 'done' }> | undefined
  private restarts = 0
  private ordered = false
  private sentMs = 0
  private pingId = 0
  private readonly exchanges: ClockExchange[] = []
  private received: { handle: FileHandle; hash: Hash; bytes: number } | undefined

  constructor(
    private readonly channel: LineChannel,
    private readonly task: RemoteTask,
    private readonly folder: string | null,
    private readonly hooks: TalkHooks
  ) {}

  /** An order that cannot be sent is dropped: the end of the far side is noticed by itself. */
  order(order: Order): void {
    this.channel.send(lineOf(order)).catch(() => undefined)
  }

  async hear(line: string): Promise<void> {
    const report = readLine(line, reportSchema)
    if (report === null) this.hooks.onOutput('stdout', `${line}\n`)
    else if (report.type === 'hello') await this.begin(report)
    else if (this.hasBegun) await this.take(report)
  }

  /** Whether there is a result, even one of a process that was ended before its time. */
  get hasResult(): boolean {
    return this.end !== undefined
  }

  outcome(): RemoteOutcome {
    const clock = clockOffsetOf(this.exchanges)
    return {
      origin: {
        machine: this.hello!.machine,
        version: this.hello!.version,
        driver: this.about?.driver ?? null,
        clock: { offsetMs: clock?.offsetMs ?? null, uncertaintyMs: clock?.uncertaintyMs ?? null },
        restarts: this.restarts
      },
      gpus: this.about?.names ?? [],
      problem: this.about?.problem ?? null,
      hasFile: this.end!.sha256 !== null,
      error: this.end!.error === null ? null : AppError.from(this.end!.error)
    }
  }

  async close(): Promise<void> {
    await this.received?.handle.close()
    this.received = undefined
  }

  private async begin(hello: Extract<Report, { type: 'hello' }>): Promise<void> {
    if (hello.protocol !== remoteProtocol) throw otherVersion(hello)
    if (!(hello.tasks ?? firstRemoteTasks).includes(this.task.kind)) throw otherTasks(hello, this.task)
    if (this.hasBegun) {
      this.restarts++
      this.end = undefined
      await this.close()
      this.hooks.onOutput('stderr', `${hello.machine} began again; what it had until then is dropped.\n`)
    }
    this.hello = hello
    this.hasBegun = true
    this.exchanges.length = 0
    this.ping()
  }

  private ping(): void {
    this.sentMs = this.hooks.nowMs()
    this.order({ type: 'ping', id: ++this.pingId })
  }

  private async take(report: Exclude<Report, { type: 'hello' }>): Promise<void> {
    const { onOutput, onProgress } = this.hooks
    if (report.type === 'pong') this.compare(report)
    else if (report.type === 'output') onOutput(report.stream, report.text)
    else if (report.type === 'progress') onProgress(report.done, report.total, report.note)
    else if (report.type === 'gpus') this.about = report
    else if (report.type === 'file') await this.keep(Buffer.from(report.base64, 'base64'))
    else await this.finish(report)
  }

  /** A reply to an earlier ping, read again by a far side that began again, says nothing about the clock. */
  private compare({ id, atMs }: Extract<Report, { type: 'pong' }>): void {
    if (id !== this.pingId) return
    this.exchanges.push({ sentMs: this.sentMs, farMs: atMs, receivedMs: this.hooks.nowMs() })
    if (this.exchanges.length < pings) return this.ping()
    // A channel of files keeps what was ordered before.
    if (!this.ordered) this.order({ type: 'run', task: this.task, folder: this.folder })
    this.ordered = true
  }

  private async keep(chunk: Buffer): Promise<void> {
    this.received ??= {
      handle: await open(this.hooks.file, 'w', 0o600),
      hash: createHash('sha256'),
      bytes: 0
    }
    this.received.bytes += chunk.length
    if (this.received.bytes > maxFileBytes) throw damaged('it is larger than 4 GiB')
    this.received.hash.update(chunk)
    await this.received.handle.write(chunk)
  }

  private async finish(end: Extract<Report, { type: 'done' }>): Promise<void> {
    const sha256 = this.received?.hash.digest('hex') ?? null
    await this.close()
    if (sha256 !== end.sha256) {
      await rm(this.hooks.file, { force: true })
      throw damaged('its hash is another than there')
    }
    this.end = end
    this.isOver = !end.isStopped || this.hooks.signal.aborted
  }
}

const damaged = (why: string): AppError =>
  new AppError('data.invalid', `The result did not come over whole: ${why}.`, 'Run it again.')

const otherVersion = ({ machine, version, protocol }: Extract<Report, { type: 'hello' }>): AppError =>
  new AppError(
    'remote.version',
    `Bitbench ${version} on ${machine} speaks version ${protocol} of this connection, this one version ${remoteProtocol}.`,
    'Install the same Bitbench on both machines.'
  )

const otherTasks = (
  { machine, version }: Extract<Report, { type: 'hello' }>,
  { kind }: RemoteTask
): AppError =>
  new AppError(
    'remote.version',
    `Bitbench ${version} on ${machine} cannot do this for another machine yet (${kind}).`,
    'Install the same Bitbench on both machines.'
  )

function endedEarly(
  exitCode: number | null,
  hasBegun: boolean,
  { signal, lastErrorText }: TalkHooks
): AppError {
  if (signal.aborted) return new AppError('job.cancelled', 'The job was cancelled.', 'Start it again.')
  const said = lastErrorText().trim().split('\n').at(-1)?.trim() ?? ''
  const how = exitCode === null ? 'by a signal' : `with exit code ${exitCode}`
  const details = { exitCode, said: lastErrorText().slice(-2000) }
  if (hasBegun)
    return new AppError(
      'remote.lost',
      `The other machine ended ${how} before its work was done${said === '' ? '' : `: ${said}`}.`,
      'The connection broke, or the scheduler there ended the job; run it again.',
      { details }
    )
  return new AppError(
    'remote.unreachable',
    `Bitbench did not begin there; the prefix ended ${how}${said === '' ? '' : `: ${said}`}.`,
    exitCode === 127
      ? 'The shell there does not find the command: give the path of bitbench on that machine with --bitbench.'
      : 'Try the prefix in a terminal, with "true" behind it. ssh needs a key or an agent: no password can be typed.',
    { details }
  )
}
