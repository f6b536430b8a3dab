/** What a simulated board reports of itself, as far as its own time goes. */
export interface LivedReport {
  /** Whether it executes; false: it waits for bytes. */
  running: boolean
  /** Its own time since its start or reset, ms. */
  totalMs: number
  /** Messages that it has taken in since its start. */
  heard: number
}

/** Reports and messages of one simulated board, and how much time it has had. */
export interface LivedTime {
  sent(): void
  report(report: LivedReport): void
  /** Time that the board has had to reply, ms: its own while it executes, this computer's while it waits and has heard everything. */
  readonly livedMs: () => number
}

/** A board that has reported nothing for this long is stuck, not slow: from there this computer's time counts. */
const stuckMs = 60_000

/** Keeps the time that a simulated board has had, so that a busy computer does not make it look silent. */
export function trackLivedTime(nowMs: () => number): LivedTime {
  let livedMs = 0
  let sent = 0
  let last: LivedReport & { atMs: number } = { running: true, totalMs: 0, heard: 0, atMs: nowMs() }
  const waitedMs = (): number => {
    const sinceMs = nowMs() - last.atMs
    return !last.running && last.heard === sent ? sinceMs : Math.max(0, sinceMs - stuckMs)
  }
  return {
    sent: () => {
      // Up to now it had heard everything.
      livedMs += waitedMs()
      last = { ...last, atMs: nowMs() }
      sent++
    },
    report(report) {
      const ownMs = report.totalMs < last.totalMs ? report.totalMs : report.totalMs - last.totalMs
      livedMs += Math.max(waitedMs(), Math.min(ownMs, nowMs() - last.atMs))
      last = { ...report, atMs: nowMs() }
    },
    livedMs: () => livedMs + waitedMs()
  }
}
