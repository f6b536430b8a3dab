import type { Interval } from '../../../shared/contract/energy'
import type { MeasuredFigure } from '../../../shared/contract/workload/workloadRows'
import type { Origin } from '../../../shared/vocabulary'
import { intervalOf } from '../../energy/interval'
import { maxSpread } from '../../energy/trialSummary'
import { studentTQuantile } from '../../math/studentT'
import { formatPercent } from '../../../shared/units'

/** Beyond a thousand degrees of freedom Student's t is the normal distribution to three digits. */
export const mostDegrees = 1000

/** A figure that cannot be had, and why. */
export function unavailableFigure(reason: string, origin: Origin = 'measured'): MeasuredFigure {
  return { value: null, low: null, high: null, n: 0, origin, verdict: 'unavailable', reason }
}

/** A mean over trials as a figure. `reasons` empty: VALID. */
export function meanFigure(
  interval: Interval | null,
  origin: Origin,
  reasons: readonly string[]
): MeasuredFigure {
  if (interval === null) return unavailableFigure(reasons[0] ?? 'Fewer than two trials.', origin)
  return {
    ...{ value: interval.mean, low: interval.low, high: interval.high, n: interval.trials, origin },
    verdict: reasons.length === 0 ? 'VALID' : 'INVALID',
    reason: reasons.length === 0 ? null : reasons.join(' ')
  }
}

/** Mean of repeated timings; INVALID when they differ by more than 5 % (standard deviation). */
export function timeFigure(values: readonly number[], confidence: number): MeasuredFigure {
  const interval = intervalOf(values, confidence)
  const spread = interval === null || interval.mean === 0 ? 0 : interval.standardDeviation / interval.mean
  const reasons =
    spread > maxSpread
      ? [
          `Trials differ by ${formatPercent(spread)} (standard deviation); ${formatPercent(maxSpread, 0)} is allowed.`
        ]
      : []
  return notBelowZero(meanFigure(interval, 'measured', reasons))
}

/** A time, a power or a total energy: the interval of a few trials that differ much ends at 0, not below. */
export function notBelowZero(figure: MeasuredFigure): MeasuredFigure {
  return { ...figure, low: figure.low === null ? null : Math.max(0, figure.low) }
}

/** A figure in another unit: value and interval times a positive factor. */
export function scaledFigure(figure: MeasuredFigure, factor: number): MeasuredFigure {
  const times = (value: number | null): number | null => (value === null ? null : value * factor)
  return { ...figure, value: times(figure.value), low: times(figure.low), high: times(figure.high) }
}

/**
 * A figure with its interval at another confidence: both sides by the ratio of Student's t with n - 1 degrees of freedom, which is
 * exact for means of trials and the normal approximation for shares, quantiles and bootstraps. An interval that ends at 0 (no
 * time is negative) has the width of its upper side.
 */
export function figureAt(figure: MeasuredFigure, from: number, to: number): MeasuredFigure {
  const { value, low, high, n } = figure
  if (from === to || value === null || low === null || high === null || n < 2) return figure
  const t = (confidence: number): number =>
    studentTQuantile((1 + confidence) / 2, Math.min(n - 1, mostDegrees))
  const factor = t(to) / t(from)
  const below = low === 0 ? Math.max(high - value, value) : value - low
  const end = value - below * factor
  return { ...figure, low: low >= 0 ? Math.max(0, end) : end, high: value + (high - value) * factor }
}

/** factor / figure, for rates; the interval turns round. */
export function inverted(figure: MeasuredFigure, factor: number): MeasuredFigure {
  const over = (value: number | null): number | null => (value === null || value <= 0 ? null : factor / value)
  return { ...figure, value: over(figure.value), low: over(figure.high), high: over(figure.low) }
}

/**
 * Ratio of two means of independent trials, with the interval of the logarithm (delta method, Student t with both sets'
 * degrees of freedom). Takes over the doubts of either.
 */
export function ratioFigure(
  above: readonly number[],
  below: readonly number[],
  confidence: number
): MeasuredFigure {
  const first = intervalOf(above, confidence)
  const second = intervalOf(below, confidence)
  if (first === null || second === null || first.mean <= 0 || second.mean <= 0) {
    return unavailableFigure('Fewer than two trials.')
  }
  const error = (one: Interval): number => one.standardDeviation ** 2 / one.trials / one.mean ** 2
  const half =
    studentTQuantile((1 + confidence) / 2, first.trials + second.trials - 2) *
    Math.sqrt(error(first) + error(second))
  const value = first.mean / second.mean
  const doubts = [timeFigure(above, confidence), timeFigure(below, confidence)].flatMap(
    ({ reason }) => reason ?? []
  )
  return {
    ...{ value, low: value * Math.exp(-half), high: value * Math.exp(half) },
    n: Math.min(first.trials, second.trials),
    origin: 'measured',
    verdict: doubts.length === 0 ? 'VALID' : 'INVALID',
    reason: doubts[0] ?? null
  }
}

/** What is compared with itself over n trials: 1 without an interval's width, however much the trials differ. */
export function unity(n: number): MeasuredFigure {
  return { value: 1, low: 1, high: 1, n, origin: 'measured', verdict: 'VALID', reason: null }
}

/** Standard normal quantile: that of Student's t with so many degrees of freedom that they differ by less than 1e-6. */
function normalQuantile(p: number): number {
  return studentTQuantile(p, 1e7)
}

/** A quantile of observations with its distribution-free interval (order statistics, normal approximation of the rank). */
export function quantileFigure(values: readonly number[], q: number, confidence: number): MeasuredFigure {
  if (values.length === 0) return unavailableFigure('No single forward pass was timed.')
  const sorted = Float64Array.from(values).sort()
  const n = sorted.length
  const at = (rank: number): number => sorted[Math.max(0, Math.min(n - 1, rank))]
  const half = normalQuantile((1 + confidence) / 2) * Math.sqrt(n * q * (1 - q))
  const enough = n * Math.min(q, 1 - q) >= 5
  return {
    ...{
      value: at(Math.ceil(n * q) - 1),
      low: at(Math.floor(n * q - half) - 1),
      high: at(Math.ceil(n * q + half))
    },
    n,
    origin: 'measured',
    verdict: enough ? 'VALID' : 'INVALID',
    reason: enough ? null : `${n} forward passes are too few for this quantile.`
  }
}

/** A share of `n` observations with Wilson's interval. */
export function shareFigure(hits: number, n: number, confidence: number): MeasuredFigure {
  if (n === 0) return unavailableFigure('No sample.')
  const z = normalQuantile((1 + confidence) / 2)
  const p = hits / n
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n)
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
  return {
    value: p,
    low: centre - half,
    high: centre + half,
    n,
    origin: 'measured',
    verdict: 'VALID',
    reason: null
  }
}
