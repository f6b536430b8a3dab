import { AppError } from '../../../shared/errors'
import { asciiBytes } from '../../binary/bytes'
import type { Part, Receiver } from './receiver'
import { sflMagicAnswer, sflMagicRequest, sflReply } from './sflFrame'

/** What the BIOS prints when it waits for commands, colours left out: since 2019, and before. */
export const litexPrompts = ['litex> ', 'BIOS> '] as const
/** Until January 2017 a BIOS listed its boot sources and waited two seconds for a key: F7, since April 2016 S. */
export const litexMenus = ['F7:    boot from serial\n', 'S:     boot from serial\n'] as const
const menuKeys = [0x06, 0x53] as const
/** Silence after which the loader sends a newline to get the prompt of a BIOS, ms; a memory test never pauses that long. */
const promptSilenceMs = 500
/** The BIOS sends `E` after 250 ms of its own time, which a simulated core may take ten times as long for, ms. */
const trainMs = 2_500
/** What a BIOS sends in a second while it waits in its loader and receives nothing: an `E` after each 250 ms. */
export const sflTrain = 'EEEE'
/** An `E` with this much silence behind it, ms, is one of the repeated ones: the next byte is the start of a frame. */
const alone = 120
const maxTrainBytes = 4096

/**
 * Brings a BIOS to the point where it takes frames: waits while text flows (memory test), replies to its request, and
 * asks for one at the menu or the console. One that is in its loader already needs no request. Returns whether there was one: a
 * BIOS that never left its loader still holds what it has confirmed.
 *
 * @throws loader.noPrompt with what was received
 */
export function* awaitRequest(receiver: Receiver, promptTimeoutMs: number): Part<boolean> {
  const texts = [sflMagicRequest, ...litexMenus, ...litexPrompts, sflTrain]
  // A BIOS that sits at its prompt says nothing by itself: a line end makes it show the prompt.
  let found = yield* receiver.until(texts, Math.min(promptSilenceMs, promptTimeoutMs))
  if (found === null) {
    yield { kind: 'send', bytes: asciiBytes('\n') }
    found = yield* receiver.until(texts, promptTimeoutMs)
  }
  for (let turn = 0; turn < 8 && found !== null; turn++) {
    if (found.index === 0) {
      yield { kind: 'send', bytes: asciiBytes(sflMagicAnswer) }
      return true
    }
    if (texts[found.index] === sflTrain && (yield* resynchronise(receiver)) === 'ready') return false
    const key = menuKeys[found.index - 1]
    yield { kind: 'send', bytes: key === undefined ? asciiBytes('serialboot\n') : Uint8Array.of(key) }
    found = yield* receiver.until(texts, promptTimeoutMs)
  }
  throw new AppError(
    'loader.noPrompt',
    `No LiteX serial boot request came; received ${receiver.lastSeen()}.`,
    'Press the reset button of the board while this waits, and check port and baud rate (115200 is the default).'
  )
}

/**
 * Finds out where the BIOS is after something went wrong. In its loader it sends `E` after each 250 ms of silence: after
 * such an `E` it is at the beginning of a frame (`ready`). Text up to a prompt means that it has left for the console;
 * without either it is somewhere else.
 */
export function* resynchronise(receiver: Receiver): Part<'ready' | 'console' | 'silent'> {
  let text = ''
  for (let count = 0; count < maxTrainBytes; count++) {
    const byte = yield* receiver.byte(trainMs)
    if (byte === null) return 'silent'
    if (byte === sflReply.error) {
      const next = yield* receiver.byte(alone)
      if (next === null) return 'ready'
      receiver.unread(next)
    }
    text = (text + String.fromCharCode(byte)).slice(-64)
    // The prompt may be coloured: "litex", whatever colours, and "> " at the end.

    const plain = text.replace(/\x1b\[[0-9;]*[@-~]/g, '')
    if (litexPrompts.some((prompt) => plain.endsWith(prompt))) return 'console'
  }
  return 'silent'
}
