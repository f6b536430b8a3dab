import { createRandom } from '../../math/random'
import type { FeatureMatrix } from '../featureMatrix'
import { EnsembleBuilder, sumOverTrees } from './ensemble'
import type { TreeEnsemble } from './treeEnsemble'
import { createBestGrower, type GrowOptions } from './growBest'
import { createRandomGrower } from './growRandom'
import { requireTable } from './requireTable'

/** Size and randomness of a forest. */
export interface ForestOptions {
  trees: number
  minLeaf: number
  maxDepth: number
  /** Share of the features looked at per node, 0..1. */
  featureShare: number
  seed: number
}

export const forestDefaults: Omit<ForestOptions, 'seed'> = {
  trees: 100,
  minLeaf: 1,
  maxDepth: 64,
  featureShare: 1
}

/**
 * Random forest (Breiman, Machine Learning 45, 2001): bootstrap sample and best cut. Mean over trees is the prediction.
 * Throws data.invalid for a table without rows or with values that are not numbers.
 */
export function growForest(matrix: FeatureMatrix, y: Float64Array, options: ForestOptions): TreeEnsemble {
  requireTable(matrix, y)
  const { count } = matrix
  const random = createRandom(options.seed)
  const grower = createBestGrower(matrix, y, limitsOf(options, matrix))
  const builder = new EnsembleBuilder(matrix.columns.length)
  const weight = new Float64Array(count)
  for (let tree = 0; tree < options.trees; tree++) {
    weight.fill(0)
    for (let draw = 0; draw < count; draw++) weight[random.integer(count)]++
    grower.grow(builder, weight, random)
  }
  return builder.finish()
}

/** Extra trees (Geurts et al. 2006): whole sample, random cuts. Mean over trees is the prediction. Throws as growForest. */
export function growExtraTrees(matrix: FeatureMatrix, y: Float64Array, options: ForestOptions): TreeEnsemble {
  requireTable(matrix, y)
  const random = createRandom(options.seed)
  const grower = createRandomGrower(matrix, y, limitsOf(options, matrix))
  const builder = new EnsembleBuilder(matrix.columns.length)
  const rows = new Int32Array(matrix.count)
  for (let tree = 0; tree < options.trees; tree++) {
    for (let row = 0; row < rows.length; row++) rows[row] = row
    grower.grow(builder, rows, random)
  }
  return builder.finish()
}

/** Limits of each tree of a forest: at least one feature is looked at per node. */
function limitsOf(
  { minLeaf, maxDepth, featureShare }: ForestOptions,
  { columns }: FeatureMatrix
): GrowOptions {
  return { minLeaf, maxDepth, featuresPerNode: Math.max(1, Math.round(featureShare * columns.length)) }
}

/** Mean over the trees of a forest. */
export function meanOverTrees(trees: TreeEnsemble, matrix: FeatureMatrix): Float64Array {
  const sums = sumOverTrees(trees, matrix)
  const scale = 1 / trees.roots.length
  for (let row = 0; row < sums.length; row++) sums[row] *= scale
  return sums
}
