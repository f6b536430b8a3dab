import { AppError } from '../../../shared/errors'
import { modem, modemBlock } from './modemBlock'
import type { Part, Receiver } from './receiver'

/** What XMODEM and YMODEM senders share: one block at a time until it is acknowledged. */

/** Tries for one block or EOT; without an acknowledgement the transfer ends after them. */
const maxTries = 10
/** Receivers poll or repeat themselves within 10 s (Forsberg, 7.3.2). */
const replyTimeoutMs = 10_000
/**
 * Some receivers throw away what comes right after their request for a first block (lrzsz purges its input once the request is
 * sent): the reply waits a moment, and is repeated soon in case it was dropped all the same.
 */
export const afterWishMs = 40
const firstReplyMs = 2_000
/** Receivers that gave up say CAN twice at least, in case one is line noise. */
const cansToStop = 2

/** Counts of a transfer while it runs. */
export interface SendState {
  repeatedBlocks: number
}

/** Waits for the receiver's request for CRC mode; old receivers without CRC are refused. */
export function* awaitCrcWish(receiver: Receiver, silenceMs: number): Part<void> {
  let cans = 0
  for (let count = 0; count < 4_096; count++) {
    const byte = yield* receiver.byte(silenceMs)
    if (byte === modem.crcWish) {
      yield { kind: 'pause', durationMs: afterWishMs }
      yield* receiver.discard()
      return
    }
    if (byte === null) break
    if (byte === modem.nak) {
      throw new AppError(
        'loader.rejected',
        'The receiver wants checksum XMODEM, which is not sent here.',
        'Start a receiver with CRC (loadx of U-Boot, rx -c).'
      )
    }
    cans = byte === modem.can ? cans + 1 : 0
    if (cans >= cansToStop) throw rejected('at the start')
  }
  throw new AppError(
    'loader.noPrompt',
    `No receiver asked for blocks ("C"); received ${receiver.lastSeen()}.`,
    'Start loady or loadx on the board, then load again.'
  )
}

/** Sends until ACK. `C` counts as "again" while data is sent: U-Boot sends it after a damaged block. */
export function* sendBlock(
  receiver: Receiver,
  bytes: Uint8Array,
  what: string,
  state: SendState,
  isFirst = false
): Part<void> {
  let cans = 0
  for (let tries = 0; tries < maxTries; tries++) {
    if (tries > 0) state.repeatedBlocks++
    yield { kind: 'send', bytes }
    for (;;) {
      const reply = yield* receiver.byte(isFirst ? firstReplyMs : replyTimeoutMs)
      if (reply === modem.ack) return
      cans = reply === modem.can ? cans + 1 : 0
      if (cans >= cansToStop) throw rejected(what)
      if (reply === null || reply === modem.nak || reply === modem.crcWish) break
      // Anything else is noise; the receiver's real reply follows or the time runs out.
    }
    // Repeated requests pile up while a receiver waits: serving each would send the block several times.
    yield* receiver.discard()
  }
  throw new AppError(
    'loader.rejected',
    `The receiver did not acknowledge ${what} in ${maxTries} tries; last received ${receiver.lastSeen()}.`,
    'Check the cable and the baud rate, then load again.'
  )
}

/** Sends the content in 1 KiB blocks numbered from 1; a short rest goes in 128-byte blocks. */
export function* sendContent(receiver: Receiver, content: Uint8Array, state: SendState): Part<void> {
  let sequence = 1
  for (let at = 0; at < content.length; sequence++) {
    const left = content.length - at
    // Up to 7 small blocks cost less than one padded large one.
    const size = left >= 1024 || left > 7 * 128 ? 1024 : 128
    const data = content.subarray(at, at + size)
    const block = modemBlock(sequence, data, modem.sub)
    yield* sendBlock(receiver, block, `block ${sequence}`, state, at === 0)
    at += data.length
    yield { kind: 'progress', doneBytes: at, totalBytes: content.length, note: `block ${sequence}` }
  }
}

/** A receiver refuses the first EOT to be sure of it, and replies within a second or two. */
const maxEnds = 3
const endReplyMs = 2_000

/**
 * Ends the transfer. Returns whether the receiver confirmed it: all blocks are acknowledged by now, and a receiver
 * that leaves at once (lrzsz on a pty) may take its last ACK with it, so silence here is no failure.
 */
export function* sendEnd(receiver: Receiver): Part<boolean> {
  let cans = 0
  for (let tries = 0; tries < maxEnds; tries++) {
    yield { kind: 'send', bytes: Uint8Array.of(modem.eot) }
    for (;;) {
      const reply = yield* receiver.byte(endReplyMs)
      if (reply === modem.ack) return true
      cans = reply === modem.can ? cans + 1 : 0
      if (cans >= cansToStop) throw rejected('at the end of the file')
      if (reply === null || reply === modem.nak) break
    }
  }
  return false
}

/** CAN five times and as many backspaces, so that a prompt behind it is left clean. */
export const cancelBytes = Uint8Array.of(
  ...Array<number>(5).fill(modem.can),
  ...Array<number>(5).fill(modem.backspace)
)

function rejected(what: string): AppError {
  return new AppError(
    'loader.rejected',
    `The receiver cancelled the transfer (CAN) ${what}.`,
    'Look at the console for its reason: often the address is not writable memory.'
  )
}
