import type { LogLine } from '../../shared/contract/app'

/** Lines that are kept, and letters of each. */
const maxLines = 1000
const maxLetters = 2000

/** The last lines this host logged, for the log viewer and for reports. */
export interface LogRing {
  write(text: string): void
  /** Oldest first. */
  lines(): LogLine[]
}

/** Returns a ring that passes every line on, whole, to where it was logged before. */
export function createLogRing(nowMs: () => number, pass: (text: string) => void): LogRing {
  let kept: LogLine[] = []
  return {
    write(text) {
      pass(text)
      kept.push({ atMs: nowMs(), text: text.slice(0, maxLetters) })
      if (kept.length > 2 * maxLines) kept = kept.slice(-maxLines)
    },
    lines: () => kept.slice(-maxLines)
  }
}
