import { intervalOf } from '../energy/interval'
import { normal95 } from '../math/normal'

/** A figure with its 95 % interval. */
export interface Compared {
  readonly value: number
  readonly low: number
  readonly high: number
}

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
  const half = normal95 * Math.sqrt(varianceA + varianceB)
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
  const logs = intervalOf(ratios.map(Math.log), 0.95)
  return logs && { value: Math.exp(logs.mean), low: Math.exp(logs.low), high: Math.exp(logs.high) }
}

/**
 * Difference b - a of two independent figures from their own 95 % intervals, which need not be symmetric: the square-and-add
 * rule (MOVER) of Zou and Donner (2008), "Construction of confidence limits about effect measures".
 */
export function figureDifference(a: Compared, b: Compared): Compared {
  const value = b.value - a.value
  return {
    value,
    low: value - Math.hypot(b.value - b.low, a.high - a.value),
    high: value + Math.hypot(b.high - b.value, a.value - a.low)
  }
}

/** Ratio b / a of two independent positive figures: the same on their logarithms; null where an interval reaches 0. */
export function figureRatio(a: Compared, b: Compared): Compared | null {
  if (!(a.low > 0 && b.low > 0)) return null
  const logs = ({ value, low, high }: Compared): Compared => ({
    value: Math.log(value),
    low: Math.log(low),
    high: Math.log(high)
  })
  const { value, low, high } = figureDifference(logs(a), logs(b))
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) }
}

/** Mean of b - a over the keys that both have, with Student's 95 % interval; null for fewer than two. */
export function pairedDifference(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>
): Compared | null {
  const found: number[] = []
  for (const [key, value] of b) {
    const first = a.get(key)
    if (first !== undefined) found.push(value - first)
  }
  const interval = intervalOf(found, 0.95)
  return interval && { value: interval.mean, low: interval.low, high: interval.high }
}
