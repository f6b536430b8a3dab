import { AppError } from '../../../shared/errors'
import type { Conversation } from '../conversation'
import { modem, modemBlock } from './modemBlock'
import {
  awaitCrcWish,
  cancelBytes,
  endOfTransfer,
  sendBlock,
  sendContent,
  type SendState
} from './modemSender'
import { asciiBytes, createReceiver, type Part, type Receiver } from './receiver'
import type { ModemResult } from './xmodem'

const startTimeoutMs = 15_000
/**
 * The protocol has the receiver ask with `C` after it took block 0. U-Boot acknowledges at once but asks only 4.25 s
 * later, and takes data in the meantime: so the wish is awaited for a moment only.
 */
const secondWishMs = 50
/** Receivers that close the batch ask once more; one that does not is done. */
const lastWishMs = 1_000

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
    yield* sendBlock(receiver, headerBlock(name, content.length), 'the file header', state)
    const wish = yield* receiver.byte(secondWishMs)
    if (wish !== null && wish !== modem.crcWish) receiver.unread(wish)
    yield* sendContent(receiver, content, state)
    // A receiver may refuse the first EOT with NAK to be sure of it (lrzsz does).
    yield* sendBlock(receiver, endOfTransfer, 'the end of the file', state)
    if ((yield* receiver.byte(lastWishMs)) !== null) {
      yield* sendBlock(receiver, modemBlock(0, new Uint8Array(128), 0), 'the end of the batch', state)
    }
    return { sentBytes: content.length, repeatedBlocks: state.repeatedBlocks }
  } catch (error) {
    if (AppError.from(error).code === 'job.cancelled') yield { kind: 'send', bytes: cancelBytes }
    throw error
  }
}

/** Block 0: name, NUL, decimal length. Letters that a boot loader may not know become "_". */
function headerBlock(name: string, sizeBytes: number): Uint8Array {
  const plainName = name.replace(/[^\w.-]/g, '_').slice(-64)
  const text = asciiBytes(`${plainName}\0${sizeBytes}`)
  return modemBlock(0, text, 0)
}
