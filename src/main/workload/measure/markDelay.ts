/** How late marks of a runner arrive. */
export interface MarkDelay {
  /** Work was requested: no mark that comes from now on was printed before. */
  requested(): void
  /** How long ago a mark that has just come was printed, ms; 0 where its time is not known. `ns`: the runner's clock. */
  lateOf(ns: number | undefined): number
}

/** Upward creep of the least difference, ms per ms: twice what NTP slews at most (RFC 5905), for a runner on another host. */
const leak = 1e-3
/** Rounding of a runner's clock, ms. */
const slackMs = 1

/**
 * Marks carry the runner's own steady clock, whose zero and host may be others: the least difference to this one's that was
 * seen is that of a mark that came at once. A busy host or a full pipe would date phases late otherwise. A mark that would
 * be older than the one before it, or than the request, is the sign of a clock that was set or stands still: it counts as
 * printed when it came.
 */
export function createMarkDelay(nowMs: () => number): MarkDelay {
  let least = Infinity
  let lastMs = 0
  let earliestMs = -Infinity
  return {
    requested: () => void (earliestMs = Math.max(earliestMs, nowMs())),
    lateOf(ns) {
      const now = nowMs()
      const difference = ns === undefined ? NaN : now - ns / 1e6
      if (!Number.isNaN(difference)) {
        least = Math.min(difference, least + leak * (now - lastMs))
        lastMs = now
      }
      const late = difference - least
      const isKnown = now - late >= earliestMs - slackMs
      if (!isKnown && !Number.isNaN(difference)) least = difference
      earliestMs = isKnown ? now - late : now
      return isKnown ? late : 0
    }
  }
}
