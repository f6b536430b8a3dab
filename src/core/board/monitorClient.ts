import { AppError } from '@shared/errors'
import { formatHex32 } from '@shared/units'
import { requireCounts, usableRamBytes, type BoardInfo } from './boardInfo'
import { concatBytes } from '../binary/bytes'
import type { Conversation } from './conversation'
import { crc32 } from '../binary/crc'
import {
  defaultTiming,
  MonitorExchange,
  type ExchangeStatistics,
  type ExchangeTiming
} from './monitorExchange'
import { uploadBytes } from './monitorUpload'
import {
  readReply,
  encode,
  maxBenchRepetitions,
  maxDataBytes,
  type BenchRequest,
  type BenchResult,
  type LayerCounters,
  type PreparedImage,
  type RunRequest,
  type Spent,
  type Opcode
} from './protocol'

/** How a monitor is spoken to: text, timing and requests in flight. */
export interface MonitorClientOptions {
  /** Gets every byte outside frames: banner, output of a called program. */
  onText?: (bytes: Uint8Array) => void
  timing?: Partial<ExchangeTiming>
  /** Fewer requests in flight than the board offers; 1 on lines that lose bytes. */
  maxWindow?: number
  /** How long a byte is on the line now, in ms; 0 (the default) where the line has no speed of its own. */
  byteMs?: () => number
  /** How many times longer than usual commands that compute are waited for: a simulated board may stand still for seconds. */
  patience?: number
  /** What to do about a board that is silent, where it is not the usual advice. */
  silenceHint?: string | undefined
}

/** Reports the progress of a long command, in its own units. */
export type OnProgress = (done: number, total: number) => void

/**
 * What is in flight takes the line no longer than this, so that a cancel or a lost frame is noticed soon; still more than a busy
 * host needs to come back to the line.
 */
const maxFlightMs = 1000

/** Commands whose reply comes after as much work as the request names. */
const computing: ReadonlySet<Opcode> = new Set<Opcode>(['bench', 'prepare', 'run', 'call'])

/** Clock of a core for which the waits are meant, and how many times longer a slower one is waited for at most. */
const usualClockHz = 10_000_000
const maxSlowness = 100

/** How many times longer than usual a core of this clock may compute; 1 where the clock is not known. */
function slowness(clockHz: number | null): number {
  return clockHz === null ? 1 : Math.min(maxSlowness, Math.max(1, usualClockHz / clockHz))
}

/** The first hello gives up early: the far end may be no monitor at all. */
const helloTiming: Pick<ExchangeTiming, 'replyMs' | 'attempts'> = { replyMs: 800, attempts: 4 }

/**
 * The host's side of the board monitor: every command as a Conversation (docs/protocol.md). One client speaks over one
 * line, one conversation at a time; sequence numbers and the bytes of a half-received frame live here between them.
 */
export class MonitorClient {
  private readonly exchange: MonitorExchange
  private readonly timing: ExchangeTiming
  private readonly patience: number
  private readonly maxWindow: number
  private known: BoardInfo | null = null

  constructor(options: MonitorClientOptions = {}) {
    this.exchange = new MonitorExchange(options.onText, options.byteMs, options.silenceHint)
    this.timing = { ...defaultTiming, ...options.timing }
    this.patience = options.patience ?? 1
    this.maxWindow = options.maxWindow ?? Infinity
  }

  /** Of requests that compute: a slow core needs longer for the same. */
  private get computingTiming(): ExchangeTiming {
    const { replyMs, workingMs } = this.timing
    const times = this.patience * slowness(this.known?.clockHz ?? null)
    return { ...this.timing, replyMs: replyMs * times, workingMs: workingMs * times }
  }

  /** What the last hello said; null before the first. */
  get info(): BoardInfo | null {
    return this.known
  }

  /** Another program is about to run there: what hello said holds no longer. */
  forget(): void {
    this.known = null
  }

  get statistics(): Readonly<ExchangeStatistics> {
    return this.exchange.statistics
  }

  /**
   * Identifies the board. `nonce` is any number that the last session did not use: it distinguishes this response from one left over.
   * Throws `board.notMonitor` with what was received instead of a response.
   */
  *hello(nonce: number): Conversation<BoardInfo> {
    const timing = {
      ...this.timing,
      replyMs: Math.min(helloTiming.replyMs, this.timing.replyMs),
      attempts: Math.min(helloTiming.attempts, this.timing.attempts)
    }
    let reply: ReturnType<typeof readReply.hello> | undefined
    try {
      // A response with another nonce is left over from a session before this one.
      for (let leftOver = 0; reply?.nonce !== nonce >>> 0; leftOver++) {
        if (leftOver > 3) throw badAnswer('hello', 'it repeats a nonce that was never sent')
        reply = readReply.hello(yield* this.persistent(encode.hello(nonce), timing))
      }
    } catch (error) {
      throw this.notMonitor(error)
    }
    if (reply.info.protocolVersion !== 1) {
      throw new AppError(
        'board.protocol',
        `The board's monitor speaks protocol ${reply.info.protocolVersion}; this Bitbench speaks 1.`,
        'Load the monitor that belongs to this Bitbench.'
      )
    }
    this.known = reply.info
    return reply.info
  }

  /**
   * Writes `bytes` to RAM and has the board confirm their CRC. The range is checked against the board's memory map first
   * (hello must have been said). Throws `board.addressRange`, `board.timeout`, `board.crcMismatch`.
   */
  *upload(address: number, bytes: Uint8Array): Conversation<{ crc: number }> {
    const info = this.requireInfo()
    this.requireRange(info, address, bytes.length)
    if (bytes.length === 0) return { crc: 0 }
    const expected = crc32(bytes)
    const inFlight = Math.max(2, Math.floor(this.exchange.framesWithin(maxFlightMs)))
    const window = Math.min(info.window, this.maxWindow, inFlight)
    yield* uploadBytes(this.exchange, address, bytes, window, this.timing)
    const crc = yield* this.crc(address, bytes.length)
    if (crc !== expected) {
      throw new AppError(
        'board.crcMismatch',
        `${bytes.length} bytes at ${formatHex32(address)} read back with CRC ${formatHex32(crc)} instead of ${formatHex32(expected)}.`,
        'The board’s RAM does not keep what is written there, or another program writes to it: reset the board and try again.',
        { details: { address, crc, expected } }
      )
    }
    return { crc }
  }

  /** Bytes of RAM. */
  *read(address: number, length: number): Conversation<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let at = 0; at < length; at += maxDataBytes) {
      const part = Math.min(maxDataBytes, length - at)
      const data = yield* this.exchange.request('read', encode.read(address + at, part), this.timing)
      if (data.length !== part) throw badAnswer('read', `${data.length} bytes instead of ${part}`)
      parts.push(data)
    }
    return concatBytes(parts)
  }

  /** CRC-32 of a range of RAM. */
  *crc(address: number, length: number): Conversation<number> {
    return yield* this.ask('crc', encode.crc(address, length), readReply.crc)
  }

  /** Checks the Image at an address and makes it the one that `run` runs; one in flash has its arena elsewhere. */
  *prepare(imageAddress: number, arenaAddress: number | null = null): Conversation<PreparedImage> {
    return yield* this.ask('prepare', encode.prepare(imageAddress, arenaAddress), readReply.prepare)
  }

  /** Runs the prepared Image over `count` inputs in RAM; the sums over all inferences. */
  *run(request: RunRequest, onProgress?: OnProgress): Conversation<Spent> {
    return yield* this.ask('run', encode.run(request), readReply.spent, onProgress)
  }

  /** Runs one kernel on operands made on the board; at most 64 repetitions are reported. */
  *bench(request: BenchRequest, onProgress?: OnProgress): Conversation<BenchResult> {
    const { counters } = this.requireInfo()
    const dimsValid =
      request.dims.length <= 8 && request.dims.every((d) => Number.isInteger(d) && d >= 0 && d < 65_536)
    if (!dimsValid || !(request.repetitions >= 1 && request.repetitions <= maxBenchRepetitions)) {
      throw new AppError(
        'input.invalid',
        `Not a benchmark the protocol can carry: dims ${request.dims.join(', ')}, ${request.repetitions} repetitions.`,
        'Give at most 8 whole dims and 1 to 65535 repetitions.'
      )
    }
    const result = yield* this.ask(
      'bench',
      encode.bench(request),
      (data) => readReply.bench(data, counters),
      onProgress
    )
    requireCounts(result)
    return result
  }

  /** Per-layer counters since they were last cleared, for layers [first, first + count). */
  *counters(first: number, count: number): Conversation<LayerCounters[]> {
    const layers: LayerCounters[] = []
    const maxPerReply = 51
    while (layers.length < count) {
      const part = Math.min(maxPerReply, count - layers.length)
      const more = yield* this.ask(
        'counters',
        encode.counters(first + layers.length, part),
        readReply.counters
      )
      if (more.length !== part) throw badAnswer('counters', `${more.length} layers instead of ${part}`)
      layers.push(...more)
    }
    return layers
  }

  /** Where the output codes of a layer lie after the last run. */
  *tensor(layer: number): Conversation<{ address: number; sizeBytes: number }> {
    return yield* this.ask('tensor', encode.tensor(layer), readReply.tensor)
  }

  /** Calls a function at an even address with two arguments; what it returned and what it took. */
  *call(entry: number, a0: number, a1: number): Conversation<Spent & { returned: number }> {
    return yield* this.ask('call', encode.call(entry, a0, a1), readReply.call)
  }

  /** The same bytes back (at most 1024). */
  *echo(bytes: Uint8Array): Conversation<Uint8Array> {
    return yield* this.exchange.request('echo', bytes, this.timing)
  }

  /** Restarts the monitor; what was prepared is forgotten. */
  *reset(): Conversation<void> {
    yield* this.exchange.request('reset', new Uint8Array(0), this.timing)
    this.known = null
  }

  /** Gives up a silent line at once, but not one that brings damaged frames: a monitor is there, the line is bad. */
  private *persistent(payload: Uint8Array, timing: ExchangeTiming): Conversation<Uint8Array> {
    for (let round = 1; ; round++) {
      const damagedBefore = this.exchange.statistics.damagedFrames
      try {
        return yield* this.exchange.request('hello', payload, timing)
      } catch (error) {
        if (round === 4 || this.exchange.statistics.damagedFrames === damagedBefore) throw error
      }
    }
  }

  private *ask<T>(
    command: Parameters<MonitorExchange['request']>[0],
    payload: Uint8Array,
    read: (data: Uint8Array) => T,
    onProgress?: OnProgress
  ): Conversation<T> {
    const timing = computing.has(command) ? this.computingTiming : this.timing
    const data = yield* this.exchange.request(command, payload, timing, onProgress)
    try {
      return read(data)
    } catch (error) {
      throw badAnswer(command, error instanceof Error ? error.message : String(error))
    }
  }

  private requireInfo(): BoardInfo {
    if (this.known !== null) return this.known
    throw new AppError('board.notConnected', 'The board has not been identified yet.', 'Say hello first.')
  }

  private requireRange(info: BoardInfo, address: number, length: number): void {
    if (address >= info.ram.low && address + length <= info.ram.high) return
    const tooLong = length - usableRamBytes(info)
    throw new AppError(
      tooLong > 0 ? 'board.outOfMemory' : 'board.addressRange',
      tooLong > 0
        ? `${length} bytes do not fit the board's ${usableRamBytes(info)} bytes of usable RAM: ${tooLong} too many.`
        : `${formatHex32(address)} + ${length} bytes is outside the board's usable RAM ${formatHex32(info.ram.low)}-${formatHex32(info.ram.high)}.`,
      'Plan for this board’s memory map, or choose a board with more RAM.',
      { details: { address, length, low: info.ram.low, high: info.ram.high } }
    )
  }

  private notMonitor(error: unknown): AppError {
    const cause = AppError.from(error)
    if (cause.code !== 'board.timeout' && cause.code !== 'internal') return cause
    const received = this.exchange.lastText
    return new AppError(
      'board.notMonitor',
      received === ''
        ? 'Nothing replied on the line.'
        : `What replies on the line is no Bitbench monitor. It said: ${received}`,
      received === ''
        ? 'Check port, speed and cable, and that the monitor runs on the board (load it with a boot loader).'
        : 'If this is a boot loader, load the Bitbench monitor through it; if it is noise, check the speed.',
      { details: { received }, cause }
    )
  }
}

function badAnswer(command: string, what: string): AppError {
  return new AppError(
    'board.protocol',
    `The board's reply to ${command} is malformed: ${what}.`,
    'Host and firmware disagree on the protocol: load the current monitor.'
  )
}
