import type { Interval } from '../../shared/contract/energy'
import { studentTQuantile } from '../math/studentT'

/**
 * Mean of trials with its two-sided Student-t confidence interval.
 *
 * @returns null below two trials: one measurement has no spread
 */
export function intervalOf(values: readonly number[], confidence: number): Interval | null {
  const trials = values.length
  if (trials < 2) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / trials
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const standardDeviation = Math.sqrt(squares / (trials - 1))
  const half = (studentTQuantile((1 + confidence) / 2, trials - 1) * standardDeviation) / Math.sqrt(trials)
  return { mean, low: mean - half, high: mean + half, standardDeviation, trials }
}
