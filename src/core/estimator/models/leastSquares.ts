import { choleskyInPlace, choleskySolve } from '../../math/cholesky'

/**
 * Weighted ridge regression on standardised columns plus a constant: weights[0] is the constant, the rest belong to
 * the raw columns. `ridge` is a share of the number of rows.
 */
export function ridgeFit(
  columns: readonly Float64Array[],
  y: Float64Array,
  weight: Float64Array,
  ridge: number
): Float64Array {
  const n = columns.length
  let total = 0
  for (const value of weight) total += value
  const meanOf = (values: Float64Array): number => {
    let sum = 0
    for (let row = 0; row < y.length; row++) sum += values[row] * weight[row]
    return sum / total
  }
  const means = columns.map(meanOf)
  const middle = meanOf(y)
  const scales = columns.map((column, at) => {
    let sum = 0
    for (let row = 0; row < y.length; row++) sum += weight[row] * (column[row] - means[at]) ** 2
    return sum / total > 1e-24 * means[at] ** 2 && sum > 0 ? Math.sqrt(total / sum) : 0
  })
  const gram = new Float64Array(n * n)
  const rhs = new Float64Array(n)
  const point = new Float64Array(n)
  for (let row = 0; row < y.length; row++) {
    for (let i = 0; i < n; i++) point[i] = (columns[i][row] - means[i]) * scales[i]
    for (let i = 0; i < n; i++) {
      const weighted = point[i] * weight[row]
      rhs[i] += weighted * (y[row] - middle)
      for (let j = 0; j <= i; j++) gram[i * n + j] += weighted * point[j]
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) gram[i * n + j] = gram[j * n + i]
    gram[i * n + i] += (ridge + 1e-10) * total
  }
  if (n > 0 && choleskyInPlace(gram, n)) choleskySolve(gram, n, rhs)
  const weights = new Float64Array(n + 1)
  weights[0] = middle
  for (let i = 0; i < n; i++) {
    weights[i + 1] = rhs[i] * scales[i]
    weights[0] -= weights[i + 1] * means[i]
  }
  return weights
}

/** Constant plus weighted columns, at least `floor`. */
export function weightedSum(
  weights: Float64Array,
  columns: readonly Float64Array[],
  count: number,
  floor: number
): Float64Array {
  const sums = new Float64Array(count).fill(weights[0])
  columns.forEach((column, at) => {
    const weight = weights[at + 1]
    for (let row = 0; row < count; row++) sums[row] += weight * column[row]
  })
  for (let row = 0; row < count; row++) if (!(sums[row] > floor)) sums[row] = floor
  return sums
}

/** Least predicted time: a tenth of the shortest one measured. */
export function floorOf(times: Float64Array): number {
  let least = Infinity
  for (const time of times) least = Math.min(least, time)
  return 0.1 * least
}
