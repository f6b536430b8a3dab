import { createRandom } from '../../math/random'
import { standardisation, standardised } from '../../regression/featureMatrix'
import { extractFeatures } from '../features'
import type { ShapeRows } from '../samples'

/** Rows that are looked at; more are thinned at random, those measured already always stay. */
const maxRows = 1_500
/** Length scale in standard deviations of each feature, and noise against signal variance, of the kernel. */
const lengthScale = 4
const noise = 0.05

/** What the choice of the next rows is made from. */
export interface Acquisition {
  /** 1 where the row of the pool was measured already. */
  readonly taken: Uint8Array
  /** How many rows to return, at most. */
  readonly size: number
  readonly seed: number
  /** What measuring a row costs, per row of the pool, > 0; only ratios matter. */
  readonly cost: Float64Array
  /** How uncertain the present model is of a row (relative, >= 0), per row of the pool; null before there is one. */
  readonly doubt: Float64Array | null
}

/**
 * Which rows to measure next: those that lower the posterior variance over the whole pool the most per unit of cost,
 * under a Gaussian process with a fixed squared exponential kernel on standardised log features (active learning after
 * Cohn, Neural Networks 9, 1996; per cost as in Snoek, Larochelle and Adams, NIPS 2012). Variance counts by the square
 * of the model's doubt, so that rows are drawn to where it errs. Returns rows of the pool, best first.
 */
export function acquire(pool: ShapeRows, { taken, size, seed, cost, doubt }: Acquisition): Int32Array {
  const rows = thinned(taken, seed)
  const n = rows.length
  const points = pointsOf(pool, rows)
  const width = points.length / Math.max(n, 1)
  const covariance = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let distance = 0
      for (let at = 0; at < width; at++) distance += (points[i * width + at] - points[j * width + at]) ** 2
      covariance[i * n + j] = covariance[j * n + i] = Math.exp(-distance / (2 * lengthScale * lengthScale))
    }
  }
  const importance = Float64Array.from(rows, (row) => (doubt === null ? 1 : doubt[row] * doubt[row]))
  for (let i = 0; i < n; i++) if (taken[rows[i]] === 1) condition(covariance, n, i)
  const used = Uint8Array.from(rows, (row) => taken[row])
  const chosen: number[] = []
  while (chosen.length < size) {
    const best = mostWorth(covariance, importance, used, rows, cost)
    if (best < 0) break
    used[best] = 1
    chosen.push(rows[best])
    condition(covariance, n, best)
  }
  return Int32Array.from(chosen)
}

/** The unused row whose measurement lowers the weighted variance most per cost; -1 when none is left. */
function mostWorth(
  covariance: Float64Array,
  importance: Float64Array,
  used: Uint8Array,
  rows: Int32Array,
  cost: Float64Array
): number {
  const n = rows.length
  let best = -1
  let most = -Infinity
  for (let i = 0; i < n; i++) {
    if (used[i] === 1) continue
    let reduction = 0
    for (let j = 0; j < n; j++) reduction += importance[j] * covariance[i * n + j] ** 2
    const worth = reduction / (covariance[i * n + i] + noise) / cost[rows[i]]
    if (worth > most) [most, best] = [worth, i]
  }
  return best
}

/** Updates the covariance with a measurement of row `at`. */
function condition(covariance: Float64Array, n: number, at: number): void {
  const scale = 1 / (covariance[at * n + at] + noise)
  const column = covariance.slice(at * n, at * n + n)
  for (let i = 0; i < n; i++) {
    const factor = column[i] * scale
    if (factor === 0) continue
    for (let j = 0; j < n; j++) covariance[i * n + j] -= factor * column[j]
  }
}

function thinned(taken: Uint8Array, seed: number): Int32Array {
  const free: number[] = []
  const measured: number[] = []
  taken.forEach((flag, row) => (flag === 1 ? measured : free).push(row))
  const room = Math.max(1, maxRows - measured.length)
  const candidates = createRandom(seed).shuffle(Int32Array.from(free)).subarray(0, room)
  return Int32Array.from([...measured, ...candidates])
}

/** Standardised features of these rows: [rows x features]. */
function pointsOf(pool: ShapeRows, rows: Int32Array): Float64Array {
  const { names, columns } = extractFeatures(pool, 'log')
  const chosen = {
    names,
    columns: columns.map((column) => Float64Array.from(rows, (row) => column[row])),
    count: rows.length
  }
  return standardised(chosen, standardisation(chosen))
}
