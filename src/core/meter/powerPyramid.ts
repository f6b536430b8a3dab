import type { Envelope } from '../../shared/contract/gpu'

/**
 * The power that a meter reads while it reads it, in memory that does not grow: rings of buckets, each level twice as long as the
 * one before. A level holds the newest `capacity` buckets, so what is older is kept more coarsely. Least, greatest and mean
 * of every bucket are exact: the mean is the integral of the straight lines between readings over the covered time.
 */
export interface PowerPyramid {
  /** A reading; a line joins it to the one before unless that was cut off. Times ascend, ms since the start. */
  reading(tMs: number, powerW: number): void
  /** Constant mean power over a stretch, with the least and greatest reading in it. */
  stretch(fromMs: number, toMs: number, meanW: number, lowW: number, highW: number): void
  /** The next reading is not joined to the last one: readings are missing between them. */
  cut(): void
  /** End of what was read, ms; 0 before the first reading. */
  readonly lastMs: number
  /** Length of the shortest buckets, ms. */
  readonly stepMs: number
  /**
   * Whole buckets over [fromMs, toMs], as far as anything was read, at most `buckets` of them and as short as they are still kept
   * there; null where nothing was read. Power in W; `fromMs` of the result is the beginning of the bucket that holds the asked one.
   */
  read(fromMs: number, toMs: number, buckets: number): Envelope
}

/** Shortest buckets, ms: what a zoom into the newest readings of a fast meter shows. */
const shortestMs = 1
/** Buckets of a level: 3.9 MB together. */
const levelBuckets = 4096
/** The last level has buckets of 2.3 hours over a year. */
const levelCount = 24

/** The bucket of the first level that is being filled. */
interface OpenBucket {
  bucket: number
  low: number
  high: number
  /** Integral of power over the covered time, W ms. */
  area: number
  coveredMs: number
}

/** Returns an empty pyramid for a meter that reads every `intervalMs`: its shortest buckets hold at least half of that. */
export function createPowerPyramid(intervalMs: number, capacity = levelBuckets): PowerPyramid {
  const stepMs = Math.max(shortestMs, intervalMs / 2)
  const levels = Array.from({ length: levelCount }, () => createLevel(capacity))
  let open: OpenBucket | null = null
  let last: { tMs: number; powerW: number } | null = null
  let lastMs = 0

  const close = (): void => {
    if (open === null) return
    let { bucket } = open
    for (const level of levels) {
      level.add(bucket, open)
      bucket = Math.floor(bucket / 2)
    }
    open = null
  }
  const fill = (bucket: number, low: number, high: number, area: number, coveredMs: number): void => {
    if (open !== null && open.bucket !== bucket) close()
    open ??= { bucket, low: Infinity, high: -Infinity, area: 0, coveredMs: 0 }
    open.low = Math.min(open.low, low)
    open.high = Math.max(open.high, high)
    open.area += area
    open.coveredMs += coveredMs
  }
  /** A straight line whose least and greatest may lie beyond its ends. One longer than a level is kept at its end alone. */
  const line = (from: Point, to: Point, lowW = Infinity, highW = -Infinity): void => {
    const slope = (to.powerW - from.powerW) / (to.tMs - from.tMs)
    const first = Math.max(Math.floor(from.tMs / stepMs), Math.floor(to.tMs / stepMs) - capacity)
    for (let bucket = first; bucket * stepMs < to.tMs; bucket++) {
      const start = Math.max(from.tMs, bucket * stepMs)
      const end = Math.min(to.tMs, (bucket + 1) * stepMs)
      if (end <= start) continue
      const a = from.powerW + slope * (start - from.tMs)
      const b = from.powerW + slope * (end - from.tMs)
      fill(bucket, Math.min(a, b, lowW), Math.max(a, b, highW), ((a + b) / 2) * (end - start), end - start)
    }
    lastMs = Math.max(lastMs, to.tMs)
  }
  return {
    reading(tMs, powerW) {
      const point = { tMs, powerW }
      if (last === null) fill(Math.floor(tMs / stepMs), powerW, powerW, 0, 0)
      else if (tMs > last.tMs) line(last, point)
      last = point
      lastMs = Math.max(lastMs, tMs)
    },
    stretch(fromMs, toMs, meanW, lowW, highW) {
      // Where in the stretch they were read is not known: every bucket that it touches shows them.
      if (toMs > fromMs) line({ tMs: fromMs, powerW: meanW }, { tMs: toMs, powerW: meanW }, lowW, highW)
    },
    cut: () => void (last = null),
    stepMs,
    get lastMs() {
      return lastMs
    },
    read(fromMs, toMs, buckets) {
      close()
      const [from, to] = [Math.max(0, fromMs), Math.min(toMs, lastMs)]
      for (let k = 0, step = stepMs; ; k++, step *= 2) {
        const first = Math.floor(from / step)
        // A bucket that only begins at the end holds nothing yet.
        const count = to < from ? 0 : Math.max(1, Math.ceil(to / step) - first)
        const isKept = first > Math.floor(lastMs / step) - capacity
        if ((count <= buckets && isKept) || k === levelCount - 1)
          return levels[k].envelope(first, Math.min(count, buckets), step)
      }
    }
  }
}

interface Point {
  tMs: number
  powerW: number
}

/** One ring of buckets, which are numbered from the start. */
function createLevel(capacity: number) {
  const [number, low, high, area, coveredMs] = Array.from({ length: 5 }, () => new Float64Array(capacity))
  number.fill(-1)
  return {
    add(bucket: number, part: Omit<OpenBucket, 'bucket'>): void {
      const at = bucket % capacity
      if (number[at] > bucket) return
      if (number[at] < bucket) {
        number[at] = bucket
        low[at] = Infinity
        high[at] = -Infinity
        area[at] = coveredMs[at] = 0
      }
      low[at] = Math.min(low[at], part.low)
      high[at] = Math.max(high[at], part.high)
      area[at] += part.area
      coveredMs[at] += part.coveredMs
    },
    envelope(first: number, count: number, step: number): Envelope {
      const column = (value: (at: number) => number): (number | null)[] =>
        Array.from({ length: count }, (_, index) => {
          const at = (first + index) % capacity
          return number[at] === first + index ? value(at) : null
        })
      // A first reading alone covers no time: it is both the least and the greatest.
      const mean = (at: number): number =>
        coveredMs[at] > 0 ? area[at] / coveredMs[at] : (low[at] + high[at]) / 2
      return {
        ...{ fromMs: first * step, stepMs: step },
        ...{ min: column((at) => low[at]), max: column((at) => high[at]), mean: column(mean) }
      }
    }
  }
}
