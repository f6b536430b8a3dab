/**
 * The last stretch of a live signal in fixed memory: times and values in two rings of doubles. Charts read it as two
 * plain arrays in order of time; missing readings are NaN and show as gaps, never as 0.
 */
export interface LiveRing {
  push(timeMs: number, value: number | null): void
  /** Time of the newest reading; Infinity while there is none. */
  lastTimeMs(): number
  /** The newest value that is a number; null while there is none, or when the newest reading was missing. */
  lastValue(): number | null
  /** Oldest first. */
  read(): { timesMs: Float64Array; values: Float64Array }
  clear(): void
}

/** Gaps that a chart of these values shows: runs of missing readings. */
export function gapsIn(values: ArrayLike<number>): number {
  let gaps = 0
  for (let index = 0; index < values.length; index++)
    if (Number.isNaN(values[index]) && (index === 0 || !Number.isNaN(values[index - 1]))) gaps += 1
  return gaps
}

/** Keeps the last `capacity` values with their times in ms. */
export function createLiveRing(capacity: number): LiveRing {
  const times = new Float64Array(capacity)
  const values = new Float64Array(capacity)
  let next = 0
  let count = 0
  return {
    push(timeMs, value) {
      times[next] = timeMs
      values[next] = value ?? Number.NaN
      next = (next + 1) % capacity
      if (count < capacity) count += 1
    },
    lastTimeMs: () => (count === 0 ? Infinity : times[(next - 1 + capacity) % capacity]),
    lastValue() {
      const value = count === 0 ? Number.NaN : values[(next - 1 + capacity) % capacity]
      return Number.isNaN(value) ? null : value
    },
    read() {
      const start = (next - count + capacity) % capacity
      const inOrder = (ring: Float64Array): Float64Array => {
        const out = new Float64Array(count)
        const head = Math.min(count, capacity - start)
        out.set(ring.subarray(start, start + head))
        out.set(ring.subarray(0, count - head), head)
        return out
      }
      return { timesMs: inOrder(times), values: inOrder(values) }
    },
    clear() {
      next = 0
      count = 0
    }
  }
}
