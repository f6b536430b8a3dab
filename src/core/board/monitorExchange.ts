import { AppError } from '@shared/errors'
import { asciiText, concatBytes } from '../binary/bytes'
import type { Conversation } from './conversation'
import { createAnsiFilter } from './loaders/receiver'
import { encodeFrame, FrameDecoder, maxFrameBytes, type Frame } from './frame'
import { opcodes, readReply, eventCommand, responseFlag, type BoardEvent, type Opcode } from './protocol'
import { refusal } from './protocolError'

/** How long to wait and how often to repeat. The exchange has no clock: a wait ends with bytes or with silence. */
export interface ExchangeTiming {
  /** Silence after which a request counts as lost, in ms, beyond what the line itself takes for it and its response. */
  replyMs: number
  /** The same once the board has reported that it works on the request (progress event). */
  workingMs: number
  /** Times a request is sent in all. */
  attempts: number
}

export const defaultTiming: ExchangeTiming = { replyMs: 1000, workingMs: 30_000, attempts: 8 }

/** Counts over the life of one client; the board page shows them. */
export interface ExchangeStatistics {
  requests: number
  repeats: number
  damagedFrames: number
  /** Responses to requests that are no longer waited for. */
  staleFrames: number
}

/** A request on its way. */
export interface Outstanding {
  seq: number
  command: Opcode
  bytes: Uint8Array
  attempts: number
  /** Position among all sendings, repeats included; the monitor replies in this order. */
  order: number
}

/** A response with the request it belongs to. */
export interface MonitorReply {
  request: Outstanding
  status: number
  /** After the status byte. */
  data: Uint8Array
}

/** This much without one good frame is garbage: the wait counts as silence. */
const maxNoiseBytes = 16_384
const maxKeptTextBytes = 400
/** Completes any frame the board has begun and lost the rest of (docs/protocol.md "Retransmission"). */
const flush = new Uint8Array(maxFrameBytes)

/**
 * Requests, responses, repeats and events over one line; the part of the client that does not know what commands mean.
 * `onText` gets every byte outside frames (console output).
 */
export class MonitorExchange {
  readonly statistics: ExchangeStatistics = { requests: 0, repeats: 0, damagedFrames: 0, staleFrames: 0 }
  private readonly decoder = new FrameDecoder()
  private nextSeq = 0
  private sendings = 0
  private recentText: Uint8Array = new Uint8Array(0)
  private readonly colours = createAnsiFilter()
  private lastKeptIsPrintable = true

  /** `byteMs`: how long a byte is on the line now, 0 where the line has no speed. */
  constructor(
    private readonly onText?: (bytes: Uint8Array) => void,
    private readonly byteMs: () => number = () => 0,
    private readonly silenceHint = 'Check the cable and the speed of the line, then reset the board and connect again.'
  ) {}

  /** How many of the longest frames the line carries within `durationMs`; Infinity where it has no speed. */
  framesWithin(durationMs: number): number {
    return durationMs / (this.byteMs() * maxFrameBytes)
  }

  /** The last text on the line without its colours, for an error that shows what came instead of a reply. */
  get lastText(): string {
    return asciiText(this.recentText)
  }

  /** A new request, not yet sent. Sequence numbers are reused after 256 requests only. */
  prepare(command: Opcode, payload: Uint8Array): Outstanding {
    const seq = this.nextSeq
    this.nextSeq = (this.nextSeq + 1) & 0xff
    this.statistics.requests++
    return { seq, command, bytes: encodeFrame(seq, opcodes[command], payload), attempts: 0, order: 0 }
  }

  /** Sends a request, or sends it again. A board that is at work has received whole frames: its line needs no clearing. */
  *send(request: Outstanding, working = false): Conversation<void> {
    request.attempts++
    request.order = ++this.sendings
    if (request.attempts > 1) this.statistics.repeats++
    // The first repeat may already complete what was lost; from the second on the line is cleared before.
    if (request.attempts > 2 && !working) yield { kind: 'send', bytes: flush }
    yield { kind: 'send', bytes: request.bytes }
  }

  /**
   * Waits until responses to some of `outstanding` or events have arrived; empty lists mean silence (or only noise)
   * for `timeoutMs` longer than the line takes.
   */
  *receive(
    outstanding: ReadonlyMap<number, Outstanding>,
    timeoutMs: number
  ): Conversation<{ replies: MonitorReply[]; events: BoardEvent[] }> {
    const replies: MonitorReply[] = []
    const events: BoardEvent[] = []
    const done = new Set<Outstanding>()
    const waitMs = timeoutMs + this.lineMs(outstanding)
    for (let noiseBytes = 0; noiseBytes < maxNoiseBytes;) {
      const bytes = yield { kind: 'receive', timeoutMs: waitMs }
      if (bytes.length === 0) break
      noiseBytes += bytes.length
      for (const piece of this.decoder.push(bytes)) {
        if (piece.kind === 'text') {
          this.noteText(piece.bytes)
          continue
        }
        const request = outstanding.get(piece.frame.seq)
        if (request === undefined || done.has(request)) this.statistics.staleFrames++
        else if (piece.frame.command === eventCommand) events.push(readReply.event(piece.frame.payload))
        else if (isAnswerTo(request, piece.frame)) {
          done.add(request)
          replies.push({ request, status: piece.frame.payload[0], data: piece.frame.payload.slice(1) })
        } else this.statistics.staleFrames++
      }
      this.statistics.damagedFrames = this.decoder.damagedFrames
      if (replies.length > 0 || events.length > 0) break
    }
    return { replies, events }
  }

  /**
   * Sends one request, repeated as needed, and returns the data of its response. Throws the refusal as an AppError, or
   * `board.timeout`. A long command reports its progress through `onProgress`.
   */
  *request(
    command: Opcode,
    payload: Uint8Array,
    timing: ExchangeTiming = defaultTiming,
    onProgress?: (done: number, total: number) => void
  ): Conversation<Uint8Array> {
    const request = this.prepare(command, payload)
    const outstanding = new Map([[request.seq, request]])
    let working = false
    let silentMs = 0
    for (let waitMs = timing.replyMs; ;) {
      yield* this.send(request, working)
      for (;;) {
        const { replies, events } = yield* this.receive(outstanding, waitMs)
        const reply = replies[0]
        if (reply !== undefined) return this.accepted(reply)
        if (events.length === 0) break
        working = true
        silentMs = 0
        waitMs = timing.replyMs
        for (const event of events) if (event.kind === 'progress') onProgress?.(event.done, event.total)
      }
      silentMs += waitMs
      if (working) {
        // The board may be busy or its response may be lost: it repeats that from memory, so the pauses may grow.
        if (silentMs >= timing.workingMs)
          throw this.silent(command, silentMs, 'stopped responding while it worked on')
        waitMs = Math.min(2 * waitMs, timing.workingMs - silentMs)
      } else if (request.attempts >= timing.attempts) {
        throw this.silent(command, silentMs, 'did not reply')
      }
    }
  }

  /** The data of a response whose status is ok; throws what the board refused. */
  accepted(reply: MonitorReply): Uint8Array {
    if (reply.status !== 0) throw refusal(reply.request.command, reply.status, reply.data)
    return reply.data
  }

  silent(command: Opcode, waitedMs: number, what: string): AppError {
    return new AppError(
      'board.timeout',
      `The board ${what} ${command} (waited ${Math.round(waitedMs / 100) / 10} s).`,
      this.silenceHint,
      { details: { command, ...(this.recentText.length > 0 ? { received: this.lastText } : {}) } }
    )
  }

  /** Time on the line, ms: requests that may still be in a driver's buffer, and the longest response behind them. */
  private lineMs(outstanding: ReadonlyMap<number, Outstanding>): number {
    let bytes = maxFrameBytes
    for (const request of outstanding.values()) {
      bytes += request.bytes.length + (request.attempts > 2 ? flush.length : 0)
    }
    return bytes * this.byteMs()
  }

  /** Not colours, and only the first of several unprintable bytes. */
  private isWorthKeeping(byte: number): boolean {
    if (!this.colours.isText(byte)) return false
    const wasPrintable = this.lastKeptIsPrintable
    this.lastKeptIsPrintable = isPrintable(byte)
    return this.lastKeptIsPrintable || wasPrintable
  }

  private noteText(bytes: Uint8Array): void {
    // A console may echo our frames: of a run of such bytes one is kept, so that its own text is not pushed out.
    const all = concatBytes([this.recentText, bytes.filter((byte) => this.isWorthKeeping(byte))])
    this.recentText = all.subarray(Math.max(0, all.length - maxKeptTextBytes))
    this.onText?.(bytes)
  }
}

/** What asciiText shows as it is. */
const isPrintable = (byte: number): boolean => (byte >= 32 && byte < 127) || byte === 10 || byte === 13

function isAnswerTo(request: Outstanding, frame: Frame): boolean {
  return frame.command === (opcodes[request.command] | responseFlag) && frame.payload.length > 0
}
