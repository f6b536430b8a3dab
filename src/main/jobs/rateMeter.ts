/** Progress rate over a sliding window, so that "time left" follows the present speed and not the whole past. */
export interface RateMeter {
  add(atMs: number, done: number): void
  /** Units per second, or null before two readings with progress between them. */
  ratePerSecond(): number | null
}

const maxReadings = 512

/** Measures speed over the last `windowMs`, for the time left. */
export function createRateMeter(windowMs = 15_000): RateMeter {
  let readings: { atMs: number; done: number }[] = []
  return {
    add(atMs, done) {
      const last = readings[readings.length - 1]
      // A resumed job jumps ahead and a restarted one falls back: neither is speed.
      if (last !== undefined && done < last.done) readings = []
      readings.push({ atMs, done })
      while (readings.length > 2 && readings[0].atMs < atMs - windowMs) readings.shift()
      // Bounded whatever the reporting frequency: thin out the middle, the ends carry the rate.
      const end = readings.length - 1
      if (readings.length > maxReadings)
        readings = readings.filter((_, index) => index === 0 || index % 2 === 1 || index === end)
    },
    ratePerSecond() {
      if (readings.length < 2) return null
      const first = readings[0]
      const last = readings[readings.length - 1]
      const elapsedMs = last.atMs - first.atMs
      if (elapsedMs <= 0 || last.done <= first.done) return null
      return ((last.done - first.done) / elapsedMs) * 1000
    }
  }
}
