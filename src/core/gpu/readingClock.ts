/** The clock that the readings of a power meter are placed on. */
export interface ReadingClock {
  /** Steady, ms. */
  nowMs(): number
  /** Waits until the meter has given what it measured up to now. */
  caughtUp(): Promise<void>
  /** Leaves out the time in which a simulated board waits for this computer, until the returned function is called. */
  leaveOutWaiting(): () => void
}

/** The clock of this computer: readings come as they are measured, and nothing is left out. */
export function hostReadingClock(nowMs: () => number): ReadingClock {
  return { nowMs, caughtUp: async () => undefined, leaveOutWaiting: () => () => undefined }
}
