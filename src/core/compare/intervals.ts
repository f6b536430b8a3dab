import { studentTQuantile } from '../math/studentT'

/** A figure with its 95 % interval. */
export interface Compared {
  readonly value: number
  readonly low: number
  readonly high: number
}

const level = 0.975
/** 0.975 quantile of the standard normal distribution. */
const normalQuantile = 1.959964

/**
 * Difference b - a of two shares of right items, each of so many. The interval is that of Agresti and Caffo (2000) for
 * independent samples: it holds at 0 and 1, and is too wide, never too narrow, where both saw the same items.
 */
export function shareDifference(
  a: { share: number; items: number },
  b: { share: number; items: number }
): Compared {
  const adjusted = ({ share, items }: { share: number; items: number }): [number, number] => {
    const centre = (share * items + 1) / (items + 2)
    return [centre, (centre * (1 - centre)) / (items + 2)]
  }
  const [[centreA, varianceA], [centreB, varianceB]] = [adjusted(a), adjusted(b)]
  const half = normalQuantile * Math.sqrt(varianceA + varianceB)
  const centre = centreB - centreA
  return {
    value: b.share - a.share,
    low: Math.max(-1, centre - half),
    high: Math.min(1, centre + half)
  }
}

/**
 * Geometric mean of ratios over shapes, with Student's interval on their logarithms; null for fewer than two ratios.
 * @param ratios positive
 */
export function meanRatio(ratios: readonly number[]): Compared | null {
  const count = ratios.length
  if (count < 2) return null
  const logs = ratios.map((ratio) => Math.log(ratio))
  const mean = logs.reduce((sum, log) => sum + log, 0) / count
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (count - 1)
  const half = studentTQuantile(level, count - 1) * Math.sqrt(variance / count)
  return { value: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) }
}

/** Points that no other one beats in cost and loss, by rising cost; equal ones stand once. */
export function frontOfPoints<P extends { cost: number; loss: number }>(points: readonly P[]): P[] {
  const sorted = [...points].sort((a, b) => a.cost - b.cost || a.loss - b.loss)
  let least = Infinity
  return sorted.filter(({ loss }) => {
    const isBetter = loss < least
    if (isBetter) least = loss
    return isBetter
  })
}
