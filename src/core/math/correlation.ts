import { quantile } from './quantile'
import { createRandom } from './random'
import { studentTDistribution } from './studentT'

/** Ranks from 1, ties share their mean rank. */
export function midRanks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, row) => row).sort(
    (a, b) => values[a] - values[b]
  )
  const ranks = new Float64Array(values.length)
  for (let start = 0; start < order.length;) {
    let end = start + 1
    while (end < order.length && values[order[end]] === values[order[start]]) end++
    for (let at = start; at < end; at++) ranks[order[at]] = (start + end + 1) / 2
    start = end
  }
  return ranks
}

/** Pearson's product-moment correlation; null when either side does not vary. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const n = a.length
  let [meanA, meanB] = [0, 0]
  for (let row = 0; row < n; row++) {
    meanA += a[row] / n
    meanB += b[row] / n
  }
  let [covariance, varianceA, varianceB] = [0, 0, 0]
  for (let row = 0; row < n; row++) {
    const [x, y] = [a[row] - meanA, b[row] - meanB]
    covariance += x * y
    varianceA += x * x
    varianceB += y * y
  }
  // Values that are equal up to rounding do not vary.
  const varies = (variance: number, mean: number): boolean => variance > n * (1e-14 * Math.abs(mean)) ** 2
  if (!varies(varianceA, meanA) || !varies(varianceB, meanB)) return null
  return Math.max(-1, Math.min(1, covariance / Math.sqrt(varianceA * varianceB)))
}

/** Spearman's rank correlation with mid-ranks for ties; null when either side does not vary. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  return pearson(midRanks(a), midRanks(b))
}

/**
 * Two-sided p of a correlation under independence, by Student's t with n - 2 degrees of freedom (exact for Pearson's r
 * of normal values; for Spearman's the usual approximation, too small for few rows: see spearmanP).
 */
export function correlationP(r: number, n: number): number | null {
  if (n < 3) return null
  if (Math.abs(r) >= 1) return 0
  const t = Math.abs(r) * Math.sqrt((n - 2) / (1 - r * r))
  return 2 * (1 - studentTDistribution(t, n - 2))
}

/** Up to this many rows all orders are tried: 8! = 40,320. */
const exactUpTo = 8

/** Two-sided p of Spearman's rho: exact over all orders up to 8 rows, Student's t above. */
export function spearmanP(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const n = a.length
  const rho = spearman(a, b)
  if (rho === null || n < 3) return null
  if (n > exactUpTo) return correlationP(rho, n)
  const [ranksA, ranksB] = [midRanks(a), midRanks(b)]
  const middle = (n + 1) / 2
  const product = (order: readonly number[]): number =>
    Math.abs(order.reduce((sum, to, row) => sum + (ranksA[row] - middle) * (ranksB[to] - middle), 0))
  const seen = product(Array.from({ length: n }, (_, row) => row))
  let [extreme, all] = [0, 0]
  for (const order of permutations(n)) {
    all++
    if (product(order) >= seen - 1e-9) extreme++
  }
  return extreme / all
}

/** All orders of 0..n-1 (Heap's algorithm); the same array is handed out each time. */
function* permutations(n: number): Generator<readonly number[]> {
  const order = Array.from({ length: n }, (_, at) => at)
  const counts = new Array<number>(n).fill(0)
  yield order
  for (let at = 0; at < n;) {
    if (counts[at] >= at) {
      counts[at++] = 0
      continue
    }
    const other = at % 2 === 0 ? 0 : counts[at]
    const kept = order[other]
    order[other] = order[at]
    order[at] = kept
    yield order
    counts[at]++
    at = 0
  }
}

/** Fewest rows for a bootstrap interval: of fewer, most draws hold one row many times. */
export const minForInterval = 5
const drawCount = 2000

/**
 * Percentile bootstrap interval of a correlation: rows are drawn with replacement, draws without variation are left out.
 *
 * @param measure pearson or spearman
 * @returns null below five rows, or when more than half of the draws do not vary
 */
export function correlationInterval(
  measure: (a: ArrayLike<number>, b: ArrayLike<number>) => number | null,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  confidence: number,
  seed: number
): [low: number, high: number] | null {
  const n = a.length
  if (n < minForInterval) return null
  const random = createRandom(seed)
  const [drawnA, drawnB] = [new Float64Array(n), new Float64Array(n)]
  const values: number[] = []
  for (let draw = 0; draw < drawCount; draw++) {
    for (let row = 0; row < n; row++) {
      const from = random.integer(n)
      drawnA[row] = a[from]
      drawnB[row] = b[from]
    }
    const value = measure(drawnA, drawnB)
    if (value !== null) values.push(value)
  }
  if (values.length < drawCount / 2) return null
  values.sort((x, y) => x - y)
  return [quantile(values, (1 - confidence) / 2), quantile(values, (1 + confidence) / 2)]
}
