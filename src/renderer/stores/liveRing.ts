/**
 * The last stretch of a live signal in fixed memory: times and values in two rings of doubles. Charts read it as two
 * plain arrays in order of time; missing readings are NaN and show as gaps, never as 0.
 */
export interface LiveRing {
  push(timeMs: number, value: number | null): void
  /** Time of the newest reading; Infinity while there is none. */
  lastTimeMs(): number
  /** Oldest first. */
  read(): { timesMs: Float64Array; values: Float64Array }
  clear(): void
}

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
    lastTimeMs: () => (count === 0 ? Infinity : times[(next - 1 + capacity) % capacity]!),
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
