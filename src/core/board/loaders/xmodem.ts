import type { Conversation } from '../conversation'
import { awaitCrcWish, cancelBytes, sendContent, sendEnd, type SendState } from './modemSender'
import { createReceiver, isStopped, type Part, type Receiver } from './receiver'

/** What an XMODEM or YMODEM transfer sent. */
export interface ModemResult {
  sentBytes: number
  repeatedBlocks: number
  /** False: every block was acknowledged, but the receiver left without a word to the end of the file. */
  isEndConfirmed: boolean
}

/** How long a receiver may take to ask for the first block. */
const startTimeoutMs = 15_000

/**
 * Sends bytes by XMODEM-1K with CRC to a receiver that waits for them. XMODEM sends no length: the receiver holds the
 * bytes filled up with 0x1A to whole blocks.
 *
 * @throws loader.noPrompt, loader.rejected, job.cancelled (after CAN)
 */
export function* xmodemSend(content: Uint8Array): Conversation<ModemResult> {
  return yield* xmodemTransfer(createReceiver(), content)
}

/** The same as a part of a longer conversation. */
export function* xmodemTransfer(receiver: Receiver, content: Uint8Array): Part<ModemResult> {
  const state: SendState = { repeatedBlocks: 0 }
  try {
    yield* awaitCrcWish(receiver, startTimeoutMs)
    yield* sendContent(receiver, content, state)
    const isEndConfirmed = yield* sendEnd(receiver)
    return { sentBytes: content.length, repeatedBlocks: state.repeatedBlocks, isEndConfirmed }
  } catch (error) {
    if (isStopped(error)) yield { kind: 'send', bytes: cancelBytes }
    throw error
  }
}
