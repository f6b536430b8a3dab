import type { LoadRecord } from '../../../shared/contract/board/boardFiles'

const maxKeptLoads = 50

/** What loads ended with, newest first; the older ones are forgotten. */
export interface LoadRecords {
  /** Adds a load that took from `startedMs` to now. */
  add(load: Omit<LoadRecord, 'durationMs' | 'bytesPerSecond'>, startedMs: number): void
  all(): LoadRecord[]
}

/** Keeps the last loads with their durations and rates. */
export function createLoadRecords(nowMs: () => number): LoadRecords {
  const loads: LoadRecord[] = []
  return {
    add(load, startedMs) {
      const durationMs = Math.max(1, nowMs() - startedMs)
      loads.unshift({ ...load, durationMs, bytesPerSecond: (load.sizeBytes / durationMs) * 1000 })
      loads.length = Math.min(loads.length, maxKeptLoads)
    },
    all: () => [...loads]
  }
}
