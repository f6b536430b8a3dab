import { median } from '../../src/core/math/median'

/** A median that a few disturbed rounds do not move, and its interval. */
export interface RobustMean {
  median: number
  low: number
  high: number
  /** Probability that the interval covers the centre; at least what was asked for, or all that so few values give. */
  coverage: number
}

/**
 * Hodges and Lehmann's estimate of the centre (median of the means of all pairs) with the exact interval of Wilcoxon's
 * signed-rank test: a round that another program disturbed counts by its rank alone, as it would not in a mean.
 *
 * @param values one per round, in any unit; at least one
 * @param confidence 0..1
 */
export function signedRankInterval(values: readonly number[], confidence: number): RobustMean {
  const means = values.flatMap((a, at) => values.slice(at).map((b) => (a + b) / 2)).sort((a, b) => a - b)
  const { outside, below } = cutOf(values.length, (1 - confidence) / 2)
  return {
    median: median(means),
    low: means[outside],
    high: means[means.length - 1 - outside],
    coverage: 1 - 2 * below
  }
}

/**
 * How many of the ordered means lie outside on each side, and the chance that the centre lies beyond them (the sum of ranks
 * is at most that many): as many as keep it at most `level`, else none.
 */
function cutOf(n: number, level: number): { outside: number; below: number } {
  // ways[sum]: choices of the ranks 1 to n that add up to it.
  const ways = new Float64Array((n * (n + 1)) / 2 + 1)
  ways[0] = 1
  for (let rank = 1; rank <= n; rank++) {
    for (let sum = ways.length - 1; sum >= rank; sum--) ways[sum] += ways[sum - rank]
  }
  const all = 2 ** n
  let outside = 0
  let below = ways[0] / all
  while (below + ways[outside + 1] / all <= level) below += ways[++outside] / all
  return { outside, below }
}
