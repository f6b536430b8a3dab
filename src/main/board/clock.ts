/**
 * Time as the board code sees it. Waits, pacing and faults take a clock, so that a test can run them in virtual time,
 * where a time-out costs nothing and a loaded machine changes nothing (test/support/virtualClock.ts).
 */
export interface Clock {
  /** Milliseconds since some beginning; only differences mean something. */
  nowMs(): number
  /** Calls back once, no earlier than `delayMs` from now. Returns a function that cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

/** The computer's own time. */
export const wallClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  }
}
