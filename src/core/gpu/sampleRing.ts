import { metricCount, type GpuSample } from './metrics'

/** The last `capacity` samples of one GPU in typed arrays; the oldest gives way. */
export interface SampleRing {
  push(sample: GpuSample): void
  readonly length: number
  readonly lastMs: number
  /** Times and one metric's values, oldest first, from `sinceMs` on. */
  column(metric: number, sinceMs?: number): { tMs: Float64Array; values: Float64Array }
}

/** Keeps the last `capacity` samples of a GPU. */
export function createSampleRing(capacity: number): SampleRing {
  const tMs = new Float64Array(capacity)
  const values = new Float64Array(capacity * metricCount)
  let next = 0
  let length = 0
  return {
    push(sample) {
      tMs[next] = sample.tMs
      values.set(sample.values, next * metricCount)
      next = (next + 1) % capacity
      if (length < capacity) length++
    },
    get length() {
      return length
    },
    get lastMs() {
      return length === 0 ? -Infinity : tMs[(next + capacity - 1) % capacity]
    },
    column(metric, sinceMs = -Infinity) {
      const times = new Float64Array(length)
      const column = new Float64Array(length)
      let count = 0
      for (let i = 0; i < length; i++) {
        const at = (next + capacity - length + i) % capacity
        if (tMs[at] < sinceMs) continue
        times[count] = tMs[at]
        column[count] = values[at * metricCount + metric]
        count++
      }
      return { tMs: times.subarray(0, count), values: column.subarray(0, count) }
    }
  }
}
