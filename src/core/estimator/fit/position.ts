import { studentTQuantile } from '../../math/studentT'
import type { StageTable } from '../samples/stageTable'

/**
 * How decode time changes with the position of the token. Sums of decode do not say it: only rows with times per token
 * do. The effect is linear: time(p) = average x (1 + slope (p - middle)).
 */
export interface PositionEffect {
  identifiable: boolean
  /** Rows with times of enough tokens. */
  rows: number
  /** Relative change per token; 0 where not identifiable or not different from 0 at 99 %. */
  slope: number
  /** As fitted, before the test; null where not identifiable. */
  fittedSlope: number | null
  /** 99 % interval of the fitted slope. */
  low: number | null
  high: number | null
}

/** What a position effect is fitted on at least: so many rows with times of so many tokens each. */
export const positionNeeds = { rows: 3, tokens: 8 } as const
const level = 0.99

/** Mean over rows of each row's least squares slope, with Student's interval over rows. */
export function fitPositionEffect(table: StageTable): PositionEffect {
  const slopes = table.decodePerTokenMs.flatMap((times) =>
    times === null || times.length < positionNeeds.tokens ? [] : [relativeSlope(times)]
  )
  const rows = slopes.length
  if (rows < positionNeeds.rows) {
    return { identifiable: false, rows, slope: 0, fittedSlope: null, low: null, high: null }
  }
  const mean = slopes.reduce((sum, value) => sum + value, 0) / rows
  const variance = slopes.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (rows - 1)
  const reach = studentTQuantile(0.5 + level / 2, rows - 1) * Math.sqrt(variance / rows)
  const [low, high] = [mean - reach, mean + reach]
  const differs = low > 0 || high < 0
  return { identifiable: true, rows, slope: differs ? mean : 0, fittedSlope: mean, low, high }
}

function relativeSlope(times: readonly number[]): number {
  const n = times.length
  const middle = (n + 1) / 2
  const average = times.reduce((sum, value) => sum + value, 0) / n
  let covariance = 0
  let variance = 0
  times.forEach((time, at) => {
    covariance += (at + 1 - middle) * (time / average - 1)
    variance += (at + 1 - middle) ** 2
  })
  return covariance / variance
}

/** Factor of the token at `position` on the average of `tokens` tokens; the factors of all positions sum to `tokens`. */
export function positionFactor(effect: PositionEffect, position: number, tokens: number): number {
  return Math.max(0.05, 1 + effect.slope * (position - (tokens + 1) / 2))
}
