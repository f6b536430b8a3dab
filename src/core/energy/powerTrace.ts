import { firstNotBefore } from '../math/firstNotBefore'
import type { Break } from './integratePower'

/** The power readings of one GPU over a recording. */
export interface PowerTrace {
  readonly gpuIndex: number
  /** Ascending, ms since the recording's start. */
  readonly tMs: Float64Array
  /** NaN where the reading was unavailable. */
  readonly powerW: Float64Array
  /** Stretches that the sampler knows to be missing. */
  readonly gaps: readonly Break[]
  /** Two readings further apart are not joined, ms: see gapAfterMsOf. */
  readonly gapAfterMs: number
}

/**
 * How far apart two readings may lie and still belong together: five asked intervals, and never below half a second,
 * since a machine under load delays a fast sampler more than that without having missed much.
 */
export function gapAfterMsOf(intervalMs: number): number {
  return Math.max(5 * intervalMs, 500)
}

/** Readings, their distinct values and their changes between two instants. */
export interface ReadingCount {
  readings: number
  uniqueValues: number
  /** Changes from one reading to the next: a lower bound of the sensor's refreshes. */
  changes: number
  /** Readings per second from the first to the last; null below two. */
  achievedHz: number | null
}

/** Counts the readings within [fromMs, toMs], and those left out as impossible. */
export function countReadings(trace: PowerTrace, fromMs: number, toMs: number): ReadingCount {
  const distinct = new Set<number>()
  let readings = 0
  let changes = 0
  let last = NaN
  let firstMs = NaN
  let lastMs = NaN
  for (let i = firstNotBefore(trace.tMs, fromMs); i < trace.tMs.length; i++) {
    const t = trace.tMs[i]
    const power = trace.powerW[i]
    if (t > toMs) break
    if (Number.isNaN(power)) continue
    if (readings === 0) firstMs = t
    else if (power !== last) changes++
    readings++
    last = power
    lastMs = t
    distinct.add(power)
  }
  return {
    readings,
    uniqueValues: distinct.size,
    changes,
    achievedHz: readings < 2 || lastMs <= firstMs ? null : ((readings - 1) * 1000) / (lastMs - firstMs)
  }
}
