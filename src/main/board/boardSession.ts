import type { BoardInfo } from '../../core/board/boardInfo'
import type { Conversation } from '../../core/board/conversation'
import { FrameDecoder } from '../../core/board/frame'
import { MonitorClient } from '../../core/board/monitorClient'
import type { ExchangeTiming } from '../../core/board/monitorExchange'
import type {
  BenchRequest,
  BenchResult,
  LayerCounters,
  PreparedImage,
  RunRequest,
  Spent
} from '../../core/board/protocol'
import { AppError } from '../../shared/errors'
import { createTurns } from '../../shared/turns'
import { type Clock, wallClock } from './clock'
import { converse, type ConverseOptions } from './runConversation'
import type { Link } from './links/link'
import { patienceHint, patienceOf } from './links/patience'

/** Stop signal and progress of a call. */
export interface BoardCallOptions {
  signal?: AbortSignal | undefined
  /** Units of the command: bytes of an upload, repetitions of a bench, inferences of a run. */
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** The monitor's commands as promises, for the holder of the lease. One runs at a time; others wait for it. */
export interface BoardSession {
  /** What hello said last. @throws board.notMonitor before the board was identified */
  readonly info: BoardInfo
  hello(options?: BoardCallOptions): Promise<BoardInfo>
  upload(address: number, bytes: Uint8Array, options?: BoardCallOptions): Promise<{ crc: number }>
  read(address: number, length: number, options?: BoardCallOptions): Promise<Uint8Array>
  crc(address: number, length: number, options?: BoardCallOptions): Promise<number>
  bench(request: BenchRequest, options?: BoardCallOptions): Promise<BenchResult>
  /** @param arenaAddress of an Image in flash; null: the arena follows the Image */
  prepare(
    imageAddress: number,
    arenaAddress?: number | null,
    options?: BoardCallOptions
  ): Promise<PreparedImage>
  run(request: RunRequest, options?: BoardCallOptions): Promise<Spent>
  counters(first: number, count: number, options?: BoardCallOptions): Promise<LayerCounters[]>
  tensor(layer: number, options?: BoardCallOptions): Promise<{ address: number; sizeBytes: number }>
  call(
    entry: number,
    a0: number,
    a1: number,
    options?: BoardCallOptions
  ): Promise<Spent & { returned: number }>
  echo(bytes: Uint8Array, options?: BoardCallOptions): Promise<Uint8Array>
  /**
   * Sets what a description of the board says and its monitor cannot read. Valid until another program runs, across a lost line
   * too, and only on a core whose name is made of its identity registers.
   */
  describe(described: DescribedBoard): void
  /** Restarts the monitor and waits until it replies. */
  reset(options?: BoardCallOptions): Promise<BoardInfo>
  /** Any other conversation over the raw line, e.g. a boot loader. */
  converse<T>(conversation: Conversation<T>, options?: ConverseOptions): Promise<T>
}

/** What a description of the board says beside its hello. */
export type DescribedBoard = Partial<Pick<BoardInfo, 'coreName' | 'isa'>>

/** Traffic of a session. */
export interface SessionCounts {
  sentBytes: number
  receivedBytes: number
  requests: number
  retransmits: number
  crcErrors: number
}

/** A session with the parts that only its owner uses. */
export interface OpenSession extends BoardSession {
  readonly link: Link
  readonly identified: BoardInfo | null
  /** What `describe` has set; empty without. */
  readonly described: DescribedBoard
  counts(): SessionCounts
  /** Drops what hello and `describe` said: another program is about to run. */
  forget(): void
  /** Bytes typed by a person. */
  sendRaw(bytes: Uint8Array): Promise<void>
}

/** Number and distance of the hellos to a monitor that has just been restarted. */
const resetTries = 5
const resetPauseMs = 150

/**
 * Shares one link between the monitor's commands and the console: what arrives inside a conversation belongs to it,
 * text outside frames and everything that arrives between conversations goes to `onText`.
 */
export function openBoardSession(options: {
  link: Link
  onText: (bytes: Uint8Array) => void
  nonce: () => number
  /** How long the monitor may take to reply; default the protocol's own values. */
  timing?: Partial<ExchangeTiming>
  /** Whose time the waits are; default the computer's. */
  clock?: Clock
  /** From the session before, when a lost line has come back. */
  described?: DescribedBoard
}): OpenSession {
  const { link, onText, nonce, timing = {}, clock = wallClock } = options
  const counts = { sentBytes: 0, receivedBytes: 0 }
  const counted = countingLink(link, counts)
  const client = new MonitorClient({
    onText,
    timing,
    // Ten bit times a byte (8N1); read each time, for a loader may have changed the speed.
    byteMs: () => (link.descriptor.baudRate === null ? 0 : 10_000 / link.descriptor.baudRate),
    patience: patienceOf(link.descriptor.kind),
    silenceHint: patienceHint(link.descriptor.kind),
    ...(link.descriptor.lossy ? { maxWindow: 1 } : {})
  })
  const { inTurn, alone } = takeTurns(link, (bytes) => (counts.receivedBytes += bytes.length), onText)
  const talk: Talk = (conversation, { signal, onProgress } = {}) =>
    alone(() =>
      converse(counted, conversation(), {
        signal,
        clock,
        onProgress: onProgress && ((progress) => onProgress(progress.doneBytes, progress.totalBytes))
      })
    )

  let { described = {} } = options
  const amended = (info: BoardInfo): BoardInfo =>
    /^(litex|core)-[0-9a-f]{8}:/.test(info.coreName) ? { ...info, ...described } : info
  const hello = async (call?: BoardCallOptions): Promise<BoardInfo> =>
    amended(await talk(() => client.hello(nonce()), call))
  return {
    link,
    get identified() {
      return client.info === null ? null : amended(client.info)
    },
    get info() {
      if (client.info !== null) return amended(client.info)
      throw new AppError(
        'board.notMonitor',
        `${link.descriptor.label} has not been identified as a Bitbench board.`,
        'Identify it first, or load the monitor through its boot loader.'
      )
    },
    counts: () => ({
      ...counts,
      requests: client.statistics.requests,
      retransmits: client.statistics.repeats,
      crcErrors: client.statistics.damagedFrames
    }),
    // Bytes that arrive during this write are for the console.
    sendRaw: (bytes) => inTurn(() => counted.write(bytes)),
    get described() {
      return described
    },
    describe: (next) => (described = next),
    forget() {
      described = {}
      client.forget()
    },
    hello,
    ...monitorCommands(client, talk),
    async reset(call) {
      await talk(() => client.reset(), call)
      return await firstReply(() => hello(call), clock)
    },
    converse: (conversation, call) => alone(() => converse(counted, conversation, { clock, ...call }))
  }
}

/** Holds one conversation with the monitor, after those before it. */
type Talk = <T>(conversation: () => Conversation<T>, call?: BoardCallOptions) => Promise<T>

type MonitorCommand =
  'upload' | 'read' | 'crc' | 'bench' | 'prepare' | 'run' | 'counters' | 'tensor' | 'call' | 'echo'

/** The monitor's commands as conversations. */
function monitorCommands(client: MonitorClient, talk: Talk): Pick<BoardSession, MonitorCommand> {
  return {
    upload: (address, bytes, call) => talk(() => client.upload(address, bytes), call),
    read: (address, length, call) => talk(() => client.read(address, length), call),
    crc: (address, length, call) => talk(() => client.crc(address, length), call),
    bench: (request, call) => talk(() => client.bench(request, call?.onProgress), { signal: call?.signal }),
    prepare: (address, arenaAddress = null, call) => talk(() => client.prepare(address, arenaAddress), call),
    run: (request, call) => talk(() => client.run(request, call?.onProgress), { signal: call?.signal }),
    counters: (first, count, call) => talk(() => client.counters(first, count), call),
    tensor: (layer, call) => talk(() => client.tensor(layer), call),
    call: (entry, a0, a1, call) => talk(() => client.call(entry, a0, a1), call),
    echo: (bytes, call) => talk(() => client.echo(bytes), call)
  }
}

/** Hellos to a monitor that restarts, until one is replied to. @throws what the last one throws */
async function firstReply(hello: () => Promise<BoardInfo>, clock: Clock): Promise<BoardInfo> {
  for (let tries = 1; ; tries++) {
    await new Promise<void>((resolve) => void clock.after(resetPauseMs, resolve))
    try {
      return await hello()
    } catch (error) {
      if (tries >= resetTries || AppError.from(error).code !== 'board.notMonitor') throw error
    }
  }
}

/** One piece of work on the line after the other; what arrives outside of `alone` is text for the console. */
function takeTurns(
  link: Link,
  received: (bytes: Uint8Array) => void,
  onText: (bytes: Uint8Array) => void
): {
  inTurn: <T>(work: () => Promise<T>) => Promise<T>
  /** In turn, and what arrives meanwhile belongs to the conversation. */
  alone: <T>(work: () => Promise<T>) => Promise<T>
} {
  let talking = 0
  // Late responses between conversations are frames: only the text around them is for the console.
  const idleDecoder = new FrameDecoder()
  link.onData((bytes) => {
    received(bytes)
    if (talking > 0) return
    for (const piece of idleDecoder.push(bytes)) if (piece.kind === 'text') onText(piece.bytes)
  })
  const turns = createTurns()
  return {
    inTurn: turns.take,
    alone: (work) =>
      turns.take(async () => {
        talking++
        idleDecoder.reset()
        try {
          return await work()
        } finally {
          talking--
        }
      })
  }
}

function countingLink(link: Link, counts: { sentBytes: number }): Link {
  return {
    get descriptor() {
      return link.descriptor
    },
    get closed() {
      return link.closed
    },
    async write(bytes, timeoutMs) {
      counts.sentBytes += bytes.length
      await link.write(bytes, timeoutMs)
    },
    onData: (listener) => link.onData(listener),
    onClose: (listener) => link.onClose(listener),
    setBaud: (baudRate) => link.setBaud(baudRate),
    setParity: link.setParity,
    setSignals: (signals) => link.setSignals(signals),
    livedMs: link.livedMs,
    close: () => link.close()
  }
}
