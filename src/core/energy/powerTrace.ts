import { createDistinctCount } from '../math/distinctCount'
import { firstNotBefore } from '../math/firstNotBefore'
import type { Break } from './powerIntegral'

/** Which readings of one GPU belong together. */
export interface PowerTrace {
  readonly gpuIndex: number
  /** Stretches that the sampler knows to be missing. */
  readonly gaps: readonly Break[]
  /** Two readings further apart are not joined, ms: see gapAfterMsOf. */
  readonly gapAfterMs: number
}

/**
 * How far apart two readings may lie and still belong together: five requested intervals, and never below half a second,
 * since a machine under load delays a fast sampler more than that without having missed much.
 */
export function gapAfterMsOf(intervalMs: number): number {
  return Math.max(5 * intervalMs, 500)
}

/** Readings of one GPU between two times, both included, ms since the recording's start. */
export interface ReadingSpan {
  readonly gpuIndex: number
  readonly fromMs: number
  readonly toMs: number
}

/** Consecutive readings of one GPU. */
export interface ReadingBlock {
  /** Ascending, ms since the recording's start. */
  readonly tMs: Float64Array
  /** NaN where the reading was unavailable. */
  readonly powerW: Float64Array
  /** Clock event reasons; NaN where unavailable. */
  readonly mask: Float64Array
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

/** Counts the readings within [fromMs, toMs]; NaN (unavailable or left out as impossible) is not counted. */
export function createReadingCounter(
  fromMs: number,
  toMs: number
): { add(tMs: ArrayLike<number>, powerW: ArrayLike<number>): void; result(): ReadingCount } {
  const distinct = createDistinctCount()
  const sum = { readings: 0, changes: 0, last: NaN, firstMs: NaN, lastMs: NaN }
  const take = (t: number, power: number): void => {
    if (sum.readings === 0) sum.firstMs = t
    else if (power !== sum.last) sum.changes++
    if (power !== sum.last) distinct.add(power)
    sum.readings++
    sum.last = power
    sum.lastMs = t
  }
  return {
    add(tMs, powerW) {
      for (let i = firstNotBefore(tMs, fromMs); i < tMs.length && tMs[i] <= toMs; i++) {
        if (!Number.isNaN(powerW[i])) take(tMs[i], powerW[i])
      }
    },
    result: () => {
      const { readings, changes, firstMs, lastMs } = sum
      const achievedHz =
        readings < 2 || lastMs <= firstMs ? null : ((readings - 1) * 1000) / (lastMs - firstMs)
      return { readings, uniqueValues: distinct.count(), changes, achievedHz }
    }
  }
}
