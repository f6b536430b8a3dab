import { choleskyInPlace, choleskySolve } from './cholesky'

/**
 * Non-negative least squares on normal equations: minimises x'Gx - 2 h'x for x >= 0 with G symmetric positive
 * semidefinite (row-major n x n). Active set method of Lawson and Hanson, Solving Least Squares Problems (1974),
 * chapter 23, in the Gram form of Bro and de Jong (1997). A relative ridge of 1e-12 keeps collinear terms solvable.
 */
export function nonNegativeLeastSquares(gram: Float64Array, rhs: Float64Array): Float64Array {
  const n = rhs.length
  // Unit diagonal: the terms differ by many orders of magnitude (MACs against a constant).
  const scale = new Float64Array(n)
  for (let i = 0; i < n; i++) scale[i] = gram[i * n + i] > 0 ? 1 / Math.sqrt(gram[i * n + i]) : 0
  const scaled = new Float64Array(n * n)
  const target = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    target[i] = rhs[i] * scale[i]
    for (let j = 0; j < n; j++) scaled[i * n + j] = gram[i * n + j] * scale[i] * scale[j]
  }
  const tolerance = 1e-10 * Math.max(...target.map(Math.abs), 1e-300)
  const x = new Float64Array(n)
  const passive = new Uint8Array(n)
  for (let round = 0; round < 3 * n + 10; round++) {
    let enter = -1
    let steepest = tolerance
    for (let i = 0; i < n; i++) {
      if (passive[i] === 1 || scale[i] === 0) continue
      let gradient = target[i]
      for (let j = 0; j < n; j++) gradient -= scaled[i * n + j] * x[j]
      if (gradient > steepest) [steepest, enter] = [gradient, i]
    }
    if (enter < 0) break
    passive[enter] = 1
    for (let inner = 0; inner <= n; inner++) {
      const candidate = solvePassive(scaled, target, passive)
      let step = 1
      for (let i = 0; i < n; i++) {
        if (passive[i] === 1 && candidate[i] <= 0)
          step = Math.min(step, x[i] / Math.max(x[i] - candidate[i], 1e-300))
      }
      for (let i = 0; i < n; i++) x[i] = passive[i] === 1 ? x[i] + step * (candidate[i] - x[i]) : 0
      if (step >= 1) break
      for (let i = 0; i < n; i++) if (passive[i] === 1 && x[i] <= 1e-14) [passive[i], x[i]] = [0, 0]
    }
  }
  for (let i = 0; i < n; i++) x[i] = Math.max(0, x[i]) * scale[i]
  return x
}

/** Unconstrained solution over the passive terms, 0 elsewhere. */
function solvePassive(gram: Float64Array, rhs: Float64Array, passive: Uint8Array): Float64Array {
  const n = rhs.length
  const members: number[] = []
  for (let i = 0; i < n; i++) if (passive[i] === 1) members.push(i)
  const m = members.length
  const solution = new Float64Array(n)
  for (let ridge = 1e-12; ridge < 1; ridge *= 100) {
    const factor = new Float64Array(m * m)
    const b = new Float64Array(m)
    for (let i = 0; i < m; i++) {
      b[i] = rhs[members[i]]
      for (let j = 0; j < m; j++) factor[i * m + j] = gram[members[i] * n + members[j]]
      factor[i * m + i] += ridge
    }
    if (!choleskyInPlace(factor, m)) continue
    choleskySolve(factor, m, b)
    for (let i = 0; i < m; i++) solution[members[i]] = b[i]
    break
  }
  return solution
}

/** Options of a non-negative fit of relative errors. */
export interface RelativeFitOptions {
  /** Coefficients to be pulled to, with the weight of `pull` rows. */
  prior?: Float64Array
  pull?: number
  /** Per term, what a unit of its coefficient is worth to the pull; default: its mean square share of the rows used. */
  pullScale?: Float64Array
  /** Rows to use; all by default. */
  rows?: ArrayLike<number>
  /** Weight of every row of the columns; 1 by default. */
  weight?: Float64Array
}

/**
 * Relative-error fit: minimises sum_i w_i ((t_i . x) / y_i - 1)^2 over x >= 0, plus the pull to a prior.
 * columns[term][row], y > 0.
 */
export function relativeNnls(
  columns: readonly Float64Array[],
  y: Float64Array,
  options: RelativeFitOptions = {}
): Float64Array {
  const { prior, pull = 0, pullScale, rows, weight } = options
  const n = columns.length
  const gram = new Float64Array(n * n)
  const rhs = new Float64Array(n)
  const scaled = new Float64Array(n)
  const count = rows?.length ?? y.length
  for (let at = 0; at < count; at++) {
    const row = rows === undefined ? at : rows[at]
    const inverse = 1 / y[row]
    const rowWeight = weight === undefined ? 1 : weight[row]
    for (let i = 0; i < n; i++) scaled[i] = columns[i][row] * inverse
    for (let i = 0; i < n; i++) {
      const value = scaled[i] * rowWeight
      rhs[i] += value
      for (let j = 0; j <= i; j++) gram[i * n + j] += value * scaled[j]
    }
  }
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) gram[i * n + j] = gram[j * n + i]
  if (prior !== undefined && pull > 0 && count > 0) {
    for (let i = 0; i < n; i++) {
      const stiffness = pull * (pullScale === undefined ? gram[i * n + i] / count : pullScale[i])
      gram[i * n + i] += stiffness
      rhs[i] += stiffness * prior[i]
    }
  }
  return nonNegativeLeastSquares(gram, rhs)
}
