import { countOf } from '../../../shared/units'
import { AppError } from '../../../shared/errors'

/**
 * An open session with a board: bytes in, bytes out. Every adapter (virtual, QEMU, serial port) and every wrapper
 * (pacing, faults) is one of these and passes the same suite (test/contract/linkSuite.ts).
 */
export interface Link {
  readonly descriptor: LinkDescriptor
  /** Why the link ended; null while it is open. */
  readonly closed: CloseReason | null
  /**
   * Writes bytes to the line, in order with earlier writes. Settles when the line has taken them, or rejects after
   * `timeoutMs`: a port whose peer has ended may never call back.
   *
   * @throws board.timeout, board.disconnected
   */
  write(bytes: Uint8Array, timeoutMs?: number): Promise<void>
  /**
   * Received bytes; each chunk belongs to its listeners and is not reused. What arrived before the first listener is
   * kept (64 KiB) and handed to it. Returns a function that unsubscribes.
   */
  onData(listener: (bytes: Uint8Array) => void): () => void
  /** Called once, however the link ends. */
  onClose(listener: (reason: CloseReason) => void): () => void
  /** Changes the line speed; a link without one ignores it. */
  setBaud(baudRate: number): Promise<void>
  /** Changes the line's parity; absent where there is none, or it cannot be changed. */
  readonly setParity?: ((parity: Parity) => Promise<void>) | undefined
  /** Sets modem lines; returns false where the line has none (a pty, a virtual board). */
  setSignals(signals: { dtr?: boolean; rts?: boolean }): Promise<boolean>
  /**
   * Of a board that this computer simulates: how much time it has had so far, ms (`livedTime.ts`). Silence is measured by it as
   * well. Boards that keep their own pace have none.
   */
  readonly livedMs?: (() => number) | undefined
  /** Idempotent; settles when the port, process or worker behind it is released. */
  close(): Promise<void>
}

/** Parity bit of each byte on the line; none: 8N1, even: 8E1. */
export type Parity = 'none' | 'even'

/** What a link is, for messages and waits. */
export interface LinkDescriptor {
  readonly kind: 'virtual' | 'qemu' | 'rtl' | 'serial' | 'network' | 'memory'
  /** For messages: "/dev/ttyUSB0", "virtual:small", "rfc2217://lab:3000". */
  readonly label: string
  readonly port: string | null
  /** Bits per second of the line, null where it has no speed of its own; with `tcp://` the speed that the user has given. */
  readonly baudRate: number | null
  /** True where bytes can be lost when they come too fast: the monitor is then used with a window of 1. */
  readonly lossy: boolean
  /** Round trip to the server of a network console, without the line behind it; null or absent where there is none. */
  readonly latencyMs?: number | null
}

/** Why a link closed. */
export interface CloseReason {
  /** asked: by us; unplugged: the port went away; ended: the board behind it stopped; failed: the line broke. */
  readonly kind: 'asked' | 'unplugged' | 'ended' | 'failed'
  readonly text: string
  /** What to do about it, where the kind alone does not say. */
  readonly hint?: string
}

/** How long a line may take nothing on a busy machine, ms. */
const busyMachineMs = 5_000

/** Ten bit times per byte (8N1), a few times over, plus what a busy machine needs; `patience`: patience.ts. */
export function writeTimeoutMs(byteCount: number, baudRate: number | null, patience = 1): number {
  return patience * busyMachineMs + (baudRate === null ? 0 : (byteCount * 10_000 * 3) / baudRate)
}

/** Returns the error for a closed link. */
export function disconnected(label: string, reason: CloseReason | null): AppError {
  return new AppError(
    'board.disconnected',
    reason === null
      ? `${label} is not connected.`
      : `${label} was disconnected: ${reason.text}${/[.!?]$/.test(reason.text) ? '' : '.'}`,
    reason?.hint ??
      (reason?.kind === 'unplugged'
        ? 'Plug the board in again; it is connected by itself.'
        : 'Connect the board again.'),
    { details: { reason: reason?.kind ?? 'unknown' } }
  )
}

/** Returns the error for a line that takes no bytes. */
export function writeTimedOut(
  label: string,
  byteCount: number,
  timeoutMs: number,
  hint = 'Check the cable and flow control; unplug and plug the board in again.'
): AppError {
  return new AppError(
    'board.timeout',
    `${label} took none of ${countOf(byteCount, 'byte')} within ${Math.round(timeoutMs)} ms.`,
    hint
  )
}
