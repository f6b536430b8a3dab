import { AppError } from '../../../shared/errors'
import type { Received, Step } from '../conversation'

/** A piece of a conversation that ends with a T. */
export type Part<T> = Generator<Step, T, Received>

/**
 * Received bytes as a loader wants them: one by one, or up to a text. Time-outs are of silence: a far end that keeps
 * sending something else is bounded by bytes.
 */
export interface Receiver {
  /** What U-Boot's prompt is here, with the line end before it; set by `learnPrompt`. */
  ubootPrompt: string
  /** The next byte; null after `silenceMs` without one. */
  byte(silenceMs: number): Part<number | null>
  /**
   * Reads until one of the texts stands in what came since the last match, terminal control sequences (colours, cursor)
   * left out; returns its index and everything up to and including it, or null after `silenceMs` of silence or 64 KiB without a match.
   */
  until(texts: readonly string[], silenceMs: number): Part<{ index: number; text: string } | null>
  /** What the last `until` read without a match; empty after a match. */
  readonly unmatched: string
  /** Reads and forgets until the line was silent for `quietMs` (at most 1 MiB). */
  drain(quietMs: number): Part<void>
  /** Forgets what has arrived up to now. */
  discard(): Part<void>
  /** Puts bytes back in front, as if not read yet. */
  unread(byte: number): void
  /** What came last, printable, for error messages. */
  lastSeen(): string
}

const searchLimitBytes = 64 * 1024
const drainLimitBytes = 1024 * 1024
const memoryBytes = 200

/** Collects bytes of a line and waits for patterns in them; remembers the last bytes for messages. */
export function createReceiver(): Receiver {
  let chunk: Uint8Array = new Uint8Array(0)
  let at = 0
  let seen = ''
  let unmatched = ''
  const remember = (bytes: Uint8Array): void => {
    const tail = bytes.length > memoryBytes ? bytes.subarray(bytes.length - memoryBytes) : bytes
    seen = (seen + String.fromCharCode(...tail)).slice(-memoryBytes)
  }
  const receiver: Receiver = {
    // With the line end before it: `crc32` itself prints "==> ".
    ubootPrompt: '\n=> ',
    *byte(silenceMs) {
      if (at >= chunk.length) {
        chunk = yield { kind: 'receive', timeoutMs: silenceMs }
        at = 0
        remember(chunk)
        if (chunk.length === 0) return null
      }
      return chunk[at++]
    },
    get unmatched() {
      return unmatched
    },
    *until(texts, silenceMs) {
      let text = ''
      unmatched = ''
      const filter = createAnsiFilter()
      for (let count = 0; count < searchLimitBytes; count++) {
        const byte = yield* receiver.byte(silenceMs)
        if (byte === null) break
        if (!filter.isText(byte)) continue
        text += String.fromCharCode(byte)
        const index = texts.findIndex((wanted) => text.endsWith(wanted))
        if (index >= 0) return { index, text }
      }
      unmatched = text
      return null
    },
    *drain(quietMs) {
      at = chunk.length
      for (let total = 0; total < drainLimitBytes;) {
        const bytes = yield { kind: 'receive', timeoutMs: quietMs }
        remember(bytes)
        if (bytes.length === 0) return
        total += bytes.length
      }
    },
    *discard() {
      at = chunk.length
      yield { kind: 'discard' }
    },
    unread(byte) {
      chunk = Uint8Array.of(byte, ...chunk.subarray(at))
      at = 0
    },
    lastSeen: () => (seen === '' ? 'nothing' : `"${printable(seen)}"`)
  }
  return receiver
}

/**
 * Separates text from terminal control sequences (ECMA-48): ESC [ ... up to a byte from 0x40 to 0x7e, and ESC with one byte.
 * Boot loaders colour their prompts.
 */
export function createAnsiFilter(): { isText(byte: number): boolean } {
  let state: 'text' | 'escape' | 'sequence' = 'text'
  return {
    isText(byte) {
      if (state === 'escape') state = byte === 0x5b ? 'sequence' : 'text'
      else if (state === 'sequence') {
        if (byte >= 0x40 && byte <= 0x7e) state = 'text'
        // Noise, not a sequence: text goes on with the next line.
        else if (byte < 0x20) state = 'text'
      } else if (byte === 0x1b) state = 'escape'
      else return true
      return false
    }
  }
}

/** Latin-1 text with everything unprintable as \xNN. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => {
    if (char === '\n') return '\\n'
    if (char === '\r') return '\\r'
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

/** Whether the driver stopped the conversation (cancel, overall time limit), so that the far end must be informed. */
export function isStopped(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'job.cancelled' || error.code === 'board.timeout')
}
