import { createRandom } from '../../math/random'
import type { FeatureMatrix } from '../featureMatrix'
import { binFeatures } from './binning'
import { EnsembleBuilder, sumOverTrees } from './ensemble'
import type { TreeEnsemble } from './treeEnsemble'
import { createNewtonGrower, type NewtonOptions } from './growNewton'
import { requireTable } from './requireTable'

/** Settings of gradient boosting. */
export interface BoostingOptions extends NewtonOptions {
  /** Largest number of trees. */
  trees: number
  /** Shrinkage of every tree. */
  rate: number
  /** Share of the rows drawn per tree, 0..1. */
  rowShare: number
  maxBins: number
  /**
   * Early stopping: the rows with stopFold[row] = 1 are watched, the rest fitted; growing stops when the watched
   * error has not fallen for `patience` trees, and the best number of trees is kept.
   */
  stopFold?: Uint8Array
  patience: number
  seed: number
}

export const boostingDefaults: Omit<BoostingOptions, 'seed'> = {
  trees: 200,
  rate: 0.1,
  maxDepth: 5,
  l2: 1,
  minLeaf: 1,
  minGain: 0,
  featureShare: 1,
  rowShare: 1,
  maxBins: 256,
  patience: 20
}

/** A boosted ensemble. */
export interface Boosted {
  /** Prediction = start + sum over trees. */
  start: number
  trees: TreeEnsemble
}

/** Histogram gradient boosting on squared error (see growNewton). Throws data.invalid as growForest does. */
export function growBoosted(matrix: FeatureMatrix, y: Float64Array, options: BoostingOptions): Boosted {
  requireTable(matrix, y)
  const { count } = matrix
  const random = createRandom(options.seed)
  const { stopFold } = options
  const fitted = rowsWhere(count, (row) => stopFold === undefined || stopFold[row] === 0)
  const watched = rowsWhere(count, (row) => stopFold !== undefined && stopFold[row] !== 0)
  let start = 0
  for (const row of fitted) start += y[row] / fitted.length
  const prediction = new Float64Array(count).fill(start)
  const residual = new Float64Array(count)
  const grower = createNewtonGrower(binFeatures(matrix, options.maxBins), options)
  const builder = new EnsembleBuilder(matrix.columns.length)
  const rows = new Int32Array(fitted.length)
  let best = { trees: 0, error: Infinity }
  for (let tree = 0; tree < options.trees; tree++) {
    for (const row of fitted) residual[row] = y[row] - prediction[row]
    let used: Int32Array
    if (options.rowShare < 1) {
      let size = 0
      for (const row of fitted) if (random.next() < options.rowShare) rows[size++] = row
      if (size === 0) rows[size++] = fitted[random.integer(fitted.length)]
      used = rows.subarray(0, size)
    } else {
      rows.set(fitted)
      used = rows
    }
    const before = builder.nodes
    grower.grow(builder, used, residual, prediction, options.rate, random)
    if (options.rowShare < 1 || watched.length > 0) {
      if (options.rowShare < 1) builder.addTo(before, matrix, without(fitted, used), prediction)
      builder.addTo(before, matrix, watched, prediction)
    }
    if (watched.length > 0) {
      let error = 0
      for (const row of watched) error += (y[row] - prediction[row]) ** 2
      if (error < best.error) best = { trees: tree + 1, error }
      else if (tree + 1 - best.trees >= options.patience) break
    }
  }
  if (watched.length > 0) builder.truncate(best.trees)
  return { start, trees: builder.finish() }
}

/** Predicts every row of a matrix. */
export function predictBoosted(model: Boosted, matrix: FeatureMatrix): Float64Array {
  const sums = sumOverTrees(model.trees, matrix)
  for (let row = 0; row < sums.length; row++) sums[row] += model.start
  return sums
}

function rowsWhere(count: number, keep: (row: number) => boolean): Int32Array {
  const rows: number[] = []
  for (let row = 0; row < count; row++) if (keep(row)) rows.push(row)
  return Int32Array.from(rows)
}

/** Rows of `all` that are not in `used`. */
function without(all: Int32Array, used: Int32Array): Int32Array {
  const taken = new Set(used)
  return all.filter((row) => !taken.has(row))
}
