import { formatHex } from '../../../shared/units'
import { AppError } from '../../../shared/errors'
import type { Conversation } from '../conversation'
import { createReceiver, isStopped, type Part, type Receiver } from './receiver'
import { sflAbortFrame, sflJumpFrame, sflLoadFrame, sflMostDataBytes, sflReply } from './sflFrame'
import { awaitRequest, resynchronise } from './sflRequest'

/** One block of bytes and where it goes. */
export interface Segment {
  address: number
  bytes: Uint8Array
}

/** What is loaded over LiteX's serial flash loader (SFL), and how carefully. */
export interface SflOptions {
  segments: readonly Segment[]
  /** Where to jump when everything is loaded; null: leave the BIOS in its loader, then abort back to its prompt. */
  jumpAddress: number | null
  /** 64-byte frames, one at a time: for USB CDC-ACM bridges, which lose bytes of pipelined frames. */
  isSafe?: boolean
  /** How long the board may stay silent before it asks to be loaded. */
  promptTimeoutMs?: number
}

/** What an SFL transfer sent and repeated. */
export interface SflResult {
  loadedBytes: number
  /** Frames that had to be sent again. */
  repeatedFrames: number
  /** The frame size and window that carried the image in the end. */
  frameBytes: number
  window: number
  jumped: boolean
}

interface Speed {
  frameBytes: number
  window: number
  /** Frames that must be confirmed at this speed before the next is tried. */
  trial: number
}

/**
 * From cautious to fast. The BIOS's receive ring holds 127 bytes, and what it has not taken when the ring is full is
 * lost: small single frames work on every SoC, more only where the core is quick enough.
 */
const speeds: readonly Speed[] = [
  { frameBytes: 64, window: 1, trial: 16 },
  { frameBytes: sflMostDataBytes, window: 1, trial: 16 },
  { frameBytes: sflMostDataBytes, window: 2, trial: 32 },
  { frameBytes: sflMostDataBytes, window: 4, trial: 64 },
  { frameBytes: sflMostDataBytes, window: 8, trial: Infinity }
]
/** A frame without a reply within this time is lost: the BIOS itself gives up on half a frame after 250 ms. */
const replyTimeoutMs = 1_000
/** Times one frame is tried at the slowest speed. */
const triesPerFrame = 8
/** Times the BIOS may leave for its console. */
const maxReturns = 4

/**
 * Loads an image into a LiteX SoC through the serial loader of its BIOS.
 *
 * Begins with single frames of 64 bytes and grows while all are confirmed. When one is not, it finds the beginning of a
 * frame again by the BIOS's own `E`, goes one speed down for good, and sends from where nothing was in doubt. A BIOS that
 * has left for its console is made to send a new request, and the image starts again from its first frame.
 *
 * @throws loader.noPrompt with what was received; board.addressRange when the BIOS says the address is outside its memory;
 *   loader.rejected when the slowest speed fails; job.cancelled after it has sent ABORT, so that the BIOS is back at its prompt
 */
export function* sflLoad(options: SflOptions): Conversation<SflResult> {
  const receiver = createReceiver()
  const promptTimeoutMs = options.promptTimeoutMs ?? 10_000
  const transfer = new Transfer(options.segments, options.isSafe === true)
  yield* awaitRequest(receiver, promptTimeoutMs)
  try {
    for (let returns = 0; ; returns++) {
      const isThere = yield* transfer.run(receiver)
      if (isThere && (options.jumpAddress === null || (yield* jump(receiver, options.jumpAddress)))) break
      if (returns === maxReturns) throw failed(receiver)
      // A line end first: the frames that it echoed are still on its command line.
      yield* receiver.drain(100)
      if (yield* awaitRequest(receiver, promptTimeoutMs)) transfer.restart()
    }
    if (options.jumpAddress === null) yield* abort(receiver)
    const { totalBytes: loadedBytes, repeatedFrames, speed } = transfer
    const { frameBytes, window } = speed
    return { loadedBytes, repeatedFrames, frameBytes, window, jumped: options.jumpAddress !== null }
  } catch (error) {
    if (isStopped(error)) yield* abort(receiver)
    throw error
  }
}

/** The image on its way: how far it is, and how fast it goes. */
class Transfer {
  readonly totalBytes: number
  repeatedFrames = 0
  private step = 0
  /** The fastest speed that may still be tried. */
  private ceiling: number
  /** Everything before these is surely there: the end of the last stretch without doubt. */
  private doneBytes = 0
  private surelyDone = 0
  private confirmed = 0
  private tries = 0

  constructor(
    private readonly segments: readonly Segment[],
    isSafe: boolean
  ) {
    this.ceiling = isSafe ? 0 : speeds.length - 1
    this.totalBytes = segments.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  get speed(): Speed {
    return speeds[this.step]
  }

  /** The BIOS was away: its memory is not to be relied on. */
  restart(): void {
    this.doneBytes = this.surelyDone = this.confirmed = 0
  }

  /** Sends what is left; false when the BIOS has left for its console. */
  *run(receiver: Receiver): Part<boolean> {
    while (this.doneBytes < this.totalBytes) {
      if (yield* this.stretch(receiver)) continue
      const where = yield* this.recover(receiver)
      if (where !== 'ready') return false
    }
    return true
  }

  /** Sends at one speed until the image is there or the next speed is due; false when a reply was not K. */
  private *stretch(receiver: Receiver): Part<boolean> {
    const { frameBytes, window, trial } = this.speed
    const outstanding: number[] = []
    let sentBytes = this.doneBytes
    this.surelyDone = this.doneBytes
    this.confirmed = 0
    for (;;) {
      const mayGrow = this.confirmed >= trial && this.step < this.ceiling
      while (!mayGrow && outstanding.length < window && sentBytes < this.totalBytes) {
        const frame = this.frameAt(sentBytes, frameBytes)
        yield { kind: 'send', bytes: frame.bytes }
        outstanding.push(frame.dataBytes)
        sentBytes += frame.dataBytes
      }
      const first = outstanding[0]
      if (first === undefined) {
        if (mayGrow) this.step++
        return true
      }
      if ((yield* receiver.byte(replyTimeoutMs)) !== sflReply.success) {
        this.repeatedFrames += outstanding.length
        return false
      }
      outstanding.shift()
      this.doneBytes += first
      this.confirmed++
      this.tries = 0
      // With one frame outstanding there is no doubt which one a reply is for.
      if (window === 1) this.surelyDone = this.doneBytes
      const note = `${frameBytes}-byte frames, window ${window}`
      yield { kind: 'progress', doneBytes: this.doneBytes, totalBytes: this.totalBytes, note }
    }
  }

  /** After a failure: back to the last sure byte, one speed down, and to the beginning of a frame. */
  private *recover(receiver: Receiver): Part<'ready' | 'console' | 'silent'> {
    if (this.step > 0) this.ceiling = --this.step
    else if (++this.tries >= triesPerFrame) throw failed(receiver)
    this.doneBytes = this.surelyDone
    const where = yield* resynchronise(receiver)
    if (receiver.lastSeen().includes('outside writable memory')) throw outside(receiver)
    return where
  }

  private frameAt(offset: number, frameBytes: number): { bytes: Uint8Array; dataBytes: number } {
    let at = offset
    for (const { address, bytes } of this.segments) {
      if (at < bytes.length) {
        const data = bytes.subarray(at, at + frameBytes)
        return { bytes: sflLoadFrame(address + at, data), dataBytes: data.length }
      }
      at -= bytes.length
    }
    throw new Error('past the end of the image')
  }
}

/** False when the BIOS has left for its console. */
function* jump(receiver: Receiver, address: number): Part<boolean> {
  for (let tries = 0; tries < triesPerFrame; tries++) {
    yield { kind: 'send', bytes: sflJumpFrame(address) }
    if ((yield* receiver.byte(replyTimeoutMs)) === sflReply.success) return true
    const where = yield* resynchronise(receiver)
    if (where === 'console') return false
    if (where === 'silent') break
  }
  throw new AppError(
    'loader.rejected',
    `The LiteX loader did not confirm the jump to ${formatHex(address)}; received ${receiver.lastSeen()}.`,
    'Reset the board and load again.'
  )
}

/** Back to the BIOS prompt. Nothing is checked: it is also the way out when the line is bad. */
function* abort(receiver: Receiver): Part<void> {
  // Half a frame may be on the way: it takes an ABORT only at the beginning of one.
  if ((yield* resynchronise(receiver)) !== 'ready') return
  yield { kind: 'send', bytes: sflAbortFrame() }
  yield* receiver.byte(replyTimeoutMs)
}

function failed(receiver: Receiver): AppError {
  return new AppError(
    'loader.rejected',
    `The LiteX loader failed even with single frames of 64 bytes; last received ${receiver.lastSeen()}.`,
    'Lower the baud rate, check the cable, and check that the address lies in main RAM.'
  )
}

function outside(receiver: Receiver): AppError {
  return new AppError(
    'board.addressRange',
    `The BIOS has no memory at the address of the image; it said ${receiver.lastSeen()}.`,
    'Give the csr.csv of this SoC (--soc), or link the program to its main RAM.'
  )
}
