/**
 * A serial conversation as a pure state machine: a generator that yields what it wants done with the line and is
 * resumed with what came. It never touches a port, a clock or a promise, so the same loader or monitor client runs
 * over a virtual board, a QEMU pty, a physical port or a test's byte arrays.
 */
export type Step =
  /** Put these bytes on the line. Resumed with an empty array once they are handed over. */
  | { kind: 'send'; bytes: Uint8Array }
  /**
   * Wait for bytes. Resumed as soon as at least one byte is there, with everything received since the last receive;
   * resumed with an empty array when `timeoutMs` passed in silence. Framing is the generator's business.
   */
  | { kind: 'receive'; timeoutMs: number }
  /** Let time pass; bytes that arrive meanwhile are kept for the next receive. Resumed with an empty array. */
  | { kind: 'pause'; durationMs: number }
  /** Throw away everything received so far and not yet taken. Resumed with an empty array. */
  | { kind: 'discard' }
  /** Change the line speed (baud). Links without one ignore it. Resumed with an empty array. */
  | { kind: 'setBaud'; baudRate: number }
  /** Change the line's parity. Links without one, and those that cannot change it, ignore it. Resumed with an empty array. */
  | { kind: 'setParity'; parity: 'none' | 'even' }
  /** Set modem lines (true: asserted). Links without them ignore it. Resumed with an empty array. */
  | { kind: 'setSignals'; dtr: boolean; rts: boolean }
  /** Reports how far the transfer is; `doneBytes` counts verified payload bytes. */
  | { kind: 'progress'; doneBytes: number; totalBytes: number; note?: string }

/** What the generator is resumed with. */
export type Received = Uint8Array

/** A conversation that ends with a T, or throws an AppError that names the step, what was expected and what came. */
export type Conversation<T> = Generator<Step, T, Received>
