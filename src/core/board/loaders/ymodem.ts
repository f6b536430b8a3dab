import type { Conversation } from '../conversation'
import { modem, modemBlock } from './modemBlock'
import {
  afterWishMs,
  awaitCrcWish,
  cancelBytes,
  sendBlock,
  sendContent,
  sendEnd,
  type SendState
} from './modemSender'
import { asciiBytes } from '../../binary/bytes'
import { createReceiver, isStopped, type Part, type Receiver } from './receiver'
import type { ModemResult } from './xmodem'

const startTimeoutMs = 15_000
/**
 * The protocol has the receiver ask with `C` after it took block 0. U-Boot acknowledges at once but asks only 4.25 s
 * later, and takes data in the meantime: so the request is awaited for a moment only.
 */
const secondWishMs = 50
/** Receivers that want the batch closed ask once more, lrzsz a second late; one that does not is done. */
const lastWishMs = 2_500
const lastAckMs = 1_000

/**
 * Sends one file by YMODEM (1 KiB blocks) to a receiver that waits for it, and closes the batch.
 *
 * @throws loader.noPrompt, loader.rejected, job.cancelled (after CAN)
 */
export function* ymodemSend(name: string, content: Uint8Array): Conversation<ModemResult> {
  return yield* ymodemTransfer(createReceiver(), name, content)
}

/** The same as a part of a longer conversation. */
export function* ymodemTransfer(receiver: Receiver, name: string, content: Uint8Array): Part<ModemResult> {
  const state: SendState = { repeatedBlocks: 0 }
  try {
    yield* awaitCrcWish(receiver, startTimeoutMs)
    yield* sendBlock(receiver, headerBlock(name, content.length), 'the file header', state, true)
    const wish = yield* receiver.byte(secondWishMs)
    if (wish !== null && wish !== modem.crcWish) receiver.unread(wish)
    yield* sendContent(receiver, content, state)
    const isEndConfirmed = yield* sendEnd(receiver)
    yield* closeBatch(receiver)
    return { sentBytes: content.length, repeatedBlocks: state.repeatedBlocks, isEndConfirmed }
  } catch (error) {
    if (isStopped(error)) yield { kind: 'send', bytes: cancelBytes }
    throw error
  }
}

/**
 * Sends an empty header when the receiver requests a next file. The file itself is acknowledged by now, so a receiver that
 * leaves without a last ACK (lrzsz does on a pty) is no failure.
 */
function* closeBatch(receiver: Receiver): Part<void> {
  let byte = yield* receiver.byte(lastWishMs)
  // U-Boot acknowledges EOT twice.
  while (byte === modem.ack) byte = yield* receiver.byte(lastWishMs)
  if (byte === modem.crcWish || byte === modem.nak) {
    yield { kind: 'pause', durationMs: afterWishMs }
    // Silence is a reply that was dropped with its request (see firstReplyMs of modemSender.ts).
    let tries = 0
    do {
      yield { kind: 'send', bytes: modemBlock(0, new Uint8Array(128), 0) }
      byte = yield* receiver.byte(lastAckMs)
    } while (++tries < 3 && (byte === null || byte === modem.crcWish || byte === modem.nak))
  }
  // Not ours: the console prints again.
  if (byte !== null && byte !== modem.ack) receiver.unread(byte)
}

/** Block 0: name, NUL, decimal length. Letters that a boot loader may not know become "_". */
function headerBlock(name: string, sizeBytes: number): Uint8Array {
  const plainName = name.replace(/[^\w.-]/g, '_').slice(-64)
  const text = asciiBytes(`${plainName}\0${sizeBytes}`)
  return modemBlock(0, text, 0)
}
