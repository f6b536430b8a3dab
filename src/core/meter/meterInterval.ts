import { median } from '../math/median'

/** Usual time between readings, ms: their median distance. @param tMs ascending times of at least two readings, ms */
export function intervalOfReadings(tMs: readonly number[]): number {
  return median(tMs.slice(1).map((t, at) => t - tMs[at]))
}
