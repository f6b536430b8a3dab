import { AppError } from '../../../shared/errors'
import type { Conversation } from '../conversation'
import { asciiBytes, createReceiver, isStopped, type Part, type Receiver } from './receiver'
import {
  sflAbortFrame,
  sflJumpFrame,
  sflLoadFrame,
  sflMagicAnswer,
  sflMagicRequest,
  sflMostDataBytes,
  sflReply
} from './sflFrame'

/** One block of bytes and where it goes. */
export interface Segment {
  address: number
  bytes: Uint8Array
}

export interface SflOptions {
  segments: readonly Segment[]
  /** Where to jump when everything is loaded; null: leave the BIOS in its loader, then abort back to its prompt. */
  jumpAddress: number | null
  /** 64-byte frames, one at a time: for USB CDC-ACM bridges, which lose bytes of pipelined frames. */
  isSafe?: boolean
  /** How long the board may stay silent before it asks to be loaded. */
  promptTimeoutMs?: number
}

export interface SflResult {
  loadedBytes: number
  /** Frames that had to be sent again, one by one or with the whole image. */
  repeatedFrames: number
  /** The frame size and window that carried the image in the end. */
  frameBytes: number
  window: number
  jumped: boolean
}

interface Speed {
  frameBytes: number
  window: number
}

/** From fast to cautious; each failure goes one step down and starts the image anew. */
const speeds: readonly Speed[] = [
  { frameBytes: sflMostDataBytes, window: 8 },
  { frameBytes: sflMostDataBytes, window: 4 },
  { frameBytes: sflMostDataBytes, window: 1 },
  { frameBytes: 64, window: 1 }
]
/** A frame that is not answered within this time is lost: the BIOS itself gives up on half a frame after 250 ms. */
const replyTimeoutMs = 1_000
/** Longer than the BIOS waits for the rest of a frame, so that it is at a frame's beginning again. */
const drainMs = 350
const resendsPerFrame = 3
const bootPrompt = 'F7:    boot from serial\n'
const bootKey = 0x06
const consolePrompt = 'litex> '

/**
 * Loads an image into a LiteX SoC through the serial loader of its BIOS.
 *
 * Waits for the BIOS's request (answers the boot menu and the `litex>` prompt on the way), tries the line with four
 * small frames, then keeps up to eight frames outstanding, growing from one.
 *
 * @throws loader.noPrompt with what was received; loader.rejected when the BIOS refuses or the slowest speed fails;
 *   job.cancelled after it has sent ABORT, so that the BIOS is back at its prompt
 */
export function* sflLoad(options: SflOptions): Conversation<SflResult> {
  const receiver = createReceiver()
  yield* awaitRequest(receiver, options.promptTimeoutMs ?? 10_000)
  const totalBytes = options.segments.reduce((sum, segment) => sum + segment.bytes.length, 0)
  let repeatedFrames = 0
  try {
    let step = options.isSafe === true ? speeds.length - 1 : 0
    if (step === 0 && !(yield* probe(receiver, options.segments[0]?.address ?? 0))) step = speeds.length - 1
    for (; ; step++) {
      const speed = speeds[step]
      if (speed === undefined) {
        throw new AppError(
          'loader.rejected',
          `The LiteX loader failed even with single frames of 64 bytes; last received ${receiver.lastSeen()}.`,
          'Lower the baud rate, check the cable, and check that the address lies in main RAM.'
        )
      }
      const sent = yield* sendImage(receiver, options.segments, speed, totalBytes)
      repeatedFrames += sent.repeatedFrames
      if (!sent.isComplete) {
        yield* receiver.drain(drainMs)
        continue
      }
      if (options.jumpAddress === null) yield* abort(receiver)
      else yield* jump(receiver, options.jumpAddress)
      return { loadedBytes: totalBytes, repeatedFrames, ...speed, jumped: options.jumpAddress !== null }
    }
  } catch (error) {
    if (isStopped(error)) yield* abort(receiver)
    throw error
  }
}

function* awaitRequest(receiver: Receiver, promptTimeoutMs: number): Part<void> {
  const texts = [sflMagicRequest, bootPrompt, consolePrompt]
  // A BIOS that sits at its prompt says nothing by itself: a line end makes it show the prompt.
  let found = yield* receiver.until(texts, Math.min(500, promptTimeoutMs))
  if (found === null) {
    yield { kind: 'send', bytes: asciiBytes('\n') }
    found = yield* receiver.until(texts, promptTimeoutMs)
  }
  for (let turn = 0; turn < 8 && found !== null; turn++) {
    if (found.index === 0) {
      yield { kind: 'send', bytes: asciiBytes(sflMagicAnswer) }
      return
    }
    yield { kind: 'send', bytes: found.index === 1 ? Uint8Array.of(bootKey) : asciiBytes('serialboot\n') }
    found = yield* receiver.until(texts, promptTimeoutMs)
  }
  throw new AppError(
    'loader.noPrompt',
    `No LiteX serial boot request came; received ${receiver.lastSeen()}.`,
    'Press the reset button of the board while this waits, and check port and baud rate (115200 is the default).'
  )
}

/** Four small frames at once: a line that loses one of them is used with single small frames. */
function* probe(receiver: Receiver, address: number): Part<boolean> {
  const frame = sflLoadFrame(address, new Uint8Array(64))
  for (let count = 0; count < 4; count++) yield { kind: 'send', bytes: frame }
  for (let count = 0; count < 4; count++) {
    const reply = yield* receiver.byte(replyTimeoutMs)
    if (reply === sflReply.success) continue
    yield* receiver.drain(drainMs)
    return false
  }
  return true
}

interface Frame {
  bytes: Uint8Array
  dataBytes: number
}

function* sendImage(
  receiver: Receiver,
  segments: readonly Segment[],
  speed: Speed,
  totalBytes: number
): Part<{ isComplete: boolean; repeatedFrames: number }> {
  const outstanding: Frame[] = []
  const frames = framesOf(segments, speed.frameBytes)
  let window = 1
  let doneBytes = 0
  let sentFrames = 0
  let resends = 0
  let repeatedFrames = 0
  let next = frames.next()
  while (next.done !== true || outstanding.length > 0) {
    while (next.done !== true && outstanding.length < window) {
      yield { kind: 'send', bytes: next.value.bytes }
      outstanding.push(next.value)
      sentFrames++
      next = frames.next()
    }
    const reply = yield* receiver.byte(replyTimeoutMs)
    const first = outstanding[0]!
    if (reply === sflReply.success) {
      outstanding.shift()
      doneBytes += first.dataBytes
      resends = 0
      window = Math.min(speed.window, window + 1)
      yield {
        kind: 'progress',
        doneBytes,
        totalBytes,
        note: `${speed.frameBytes}-byte frames, window ${window}`
      }
    } else if (reply === sflReply.crcError && outstanding.length === 1 && resends < resendsPerFrame) {
      // With one frame on the line there is no doubt which one is meant.
      resends++
      repeatedFrames++
      yield { kind: 'send', bytes: first.bytes }
    } else {
      return { isComplete: false, repeatedFrames: repeatedFrames + sentFrames }
    }
  }
  return { isComplete: true, repeatedFrames }
}

function* framesOf(segments: readonly Segment[], frameBytes: number): Generator<Frame, void, void> {
  for (const { address, bytes } of segments) {
    for (let at = 0; at < bytes.length; at += frameBytes) {
      const data = bytes.subarray(at, at + frameBytes)
      yield { bytes: sflLoadFrame(address + at, data), dataBytes: data.length }
    }
  }
}

function* jump(receiver: Receiver, address: number): Part<void> {
  for (let tries = 0; tries <= resendsPerFrame; tries++) {
    yield { kind: 'send', bytes: sflJumpFrame(address) }
    const reply = yield* receiver.byte(replyTimeoutMs)
    if (reply === sflReply.success) return
    if (reply !== sflReply.crcError) break
  }
  throw new AppError(
    'loader.rejected',
    `The LiteX loader did not confirm the jump to 0x${address.toString(16)}; received ${receiver.lastSeen()}.`,
    'Reset the board and load again.'
  )
}

/** Back to the BIOS prompt. Nothing is checked: it is also the way out when the line is bad. */
function* abort(receiver: Receiver): Part<void> {
  yield* receiver.drain(drainMs)
  yield { kind: 'send', bytes: sflAbortFrame() }
  yield* receiver.byte(replyTimeoutMs)
}
