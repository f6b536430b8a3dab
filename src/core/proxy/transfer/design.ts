import { createRandom } from '../../random'
import { extractFeatures } from '../features'
import type { ShapeRows } from '../samples'

/** Rows that take part in a design; more are thinned at random first. */
const maxCandidates = 1_500
/** Length scale in standard deviations of each feature, and noise against signal variance, of the design's kernel. */
const lengthScale = 2
const noise = 0.05

/**
 * Which rows to measure: each next one lowers the summed posterior variance over all candidates the most, under a
 * Gaussian process with a fixed squared exponential kernel on standardised log features (active learning after Cohn,
 * Neural Networks 9, 1996). Needs no measurement. Answers row numbers in the order of their worth.
 */
export function informativeDesign(rows: ShapeRows, size: number, seed: number): Int32Array {
  const random = createRandom(seed)
  const all = random.shuffle(Int32Array.from({ length: rows.count }, (_, row) => row))
  const candidates = all.subarray(0, Math.min(maxCandidates, rows.count))
  const n = candidates.length
  const points = standardised(rows, candidates)
  const width = points.length / Math.max(n, 1)
  const covariance = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let distance = 0
      for (let at = 0; at < width; at++) distance += (points[i * width + at] - points[j * width + at]) ** 2
      covariance[i * n + j] = covariance[j * n + i] = Math.exp(-distance / (2 * lengthScale * lengthScale))
    }
  }
  const chosen: number[] = []
  const used = new Uint8Array(n)
  const column = new Float64Array(n)
  while (chosen.length < Math.min(size, n)) {
    let best = -1
    let most = -Infinity
    for (let i = 0; i < n; i++) {
      if (used[i] === 1) continue
      let reduction = 0
      for (let j = 0; j < n; j++) reduction += covariance[i * n + j] ** 2
      reduction /= covariance[i * n + i] + noise
      if (reduction > most) [most, best] = [reduction, i]
    }
    used[best] = 1
    chosen.push(candidates[best])
    const scale = 1 / (covariance[best * n + best] + noise)
    for (let j = 0; j < n; j++) column[j] = covariance[best * n + j]
    for (let i = 0; i < n; i++) {
      const factor = column[i] * scale
      if (factor === 0) continue
      for (let j = 0; j < n; j++) covariance[i * n + j] -= factor * column[j]
    }
  }
  return Int32Array.from(chosen)
}

/** Plain random choice, to compare with. */
export function uniformDesign(rows: ShapeRows, size: number, seed: number): Int32Array {
  const order = createRandom(seed).shuffle(Int32Array.from({ length: rows.count }, (_, row) => row))
  return order.slice(0, Math.min(size, rows.count))
}

function standardised(rows: ShapeRows, chosen: Int32Array): Float64Array {
  const { columns } = extractFeatures(rows, 'log')
  const points = new Float64Array(chosen.length * columns.length)
  columns.forEach((column, at) => {
    let mean = 0
    for (const row of chosen) mean += column[row] / chosen.length
    let variance = 0
    for (const row of chosen) variance += (column[row] - mean) ** 2 / chosen.length
    const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0
    chosen.forEach((row, i) => (points[i * columns.length + at] = (column[row] - mean) * scale))
  })
  return points
}
