import { AppError } from '../../shared/errors'
import type { FeatureMatrix } from './featureMatrix'
import {
  fitGaussianProcess,
  gaussianProcessDefaults,
  predictGaussianProcess,
  type GaussianProcess
} from './gaussianProcess'
import { boostingDefaults, growBoosted, predictBoosted, type BoostingOptions } from './trees/boosting'
import { treesFromJson, treesToJson, valuesByTree, type TreeEnsembleJson } from './trees/ensemble'
import type { TreeEnsemble } from './trees/treeEnsemble'
import { predictQuantiles } from './trees/quantiles'
import { forestDefaults, growExtraTrees, growForest, meanOverTrees, type ForestOptions } from './trees/forest'

/**
 * The general regression models behind the estimators, under one face: a feature matrix in, numbers out. What the
 * numbers are (log time, log of a ratio to a base) is the estimator's business.
 */
export const regressorKinds = ['forest', 'extraTrees', 'boosting', 'gaussianProcess'] as const

/** Name of a kind of regression. */
export type RegressorKind = (typeof regressorKinds)[number]

/** A fitted regression of one target. */
export interface Regressor {
  readonly kind: RegressorKind
  predict(matrix: FeatureMatrix): Float64Array
  /** Standard deviation of the prediction as the model itself sees it; null where it has no opinion. */
  deviation(matrix: FeatureMatrix): Float64Array | null
  /** Quantiles (0..1) of the prediction over the trees of a forest, one array each; null for other models. */
  quantiles(matrix: FeatureMatrix, fractions: readonly number[]): Float64Array[] | null
  /** Split gains per feature; null where the model has none. */
  readonly gain: Float64Array | null
  toJSON(): RegressorJson
}

/** Stored form of a regression. */
export type RegressorJson =
  | { kind: 'forest' | 'extraTrees'; trees: TreeEnsembleJson }
  | { kind: 'boosting'; start: number; trees: TreeEnsembleJson }
  | { kind: 'gaussianProcess'; process: GaussianProcessJson }

interface GaussianProcessJson {
  features: number
  rows: number
  mean: number[]
  scale: number[]
  inverse: number[]
  signal: number
  noise: number
  inputs: number[]
  alpha: number[]
}

/** Seed and settings of a regression. */
export interface RegressorOptions {
  seed: number
  /** Rows of equal number belong together (a layer shape): early stopping watches whole groups. */
  groupOf?: Int32Array
  forest?: Partial<ForestOptions>
  boosting?: Partial<BoostingOptions>
}

/** One group in this many is watched by early stopping. */
const watchedShare = 6

/** Fits `y` to the rows of a matrix. */
export function fitRegressor(
  kind: RegressorKind,
  matrix: FeatureMatrix,
  y: Float64Array,
  options: RegressorOptions
): Regressor {
  const { seed } = options
  switch (kind) {
    case 'forest':
      return ofTrees(kind, growForest(matrix, y, { ...forestDefaults, ...options.forest, seed }))
    case 'extraTrees':
      return ofTrees(kind, growExtraTrees(matrix, y, { ...forestDefaults, ...options.forest, seed }))
    case 'boosting': {
      const settings = { ...boostingDefaults, ...options.boosting, seed }
      const { groupOf } = options
      const stopFold = groupOf?.map((group) => (group % watchedShare === watchedShare - 1 ? 1 : 0))
      const watches =
        stopFold !== undefined && stopFold.some((fold) => fold === 1) && stopFold.some((fold) => fold === 0)
      if (!watches) return ofBoosted(growBoosted(matrix, y, settings))
      // Find the number of trees on watched groups, then fit that many on all rows.
      const probe = growBoosted(matrix, y, { ...settings, stopFold: Uint8Array.from(stopFold) })
      return ofBoosted(growBoosted(matrix, y, { ...settings, trees: Math.max(1, probe.trees.roots.length) }))
    }
    case 'gaussianProcess':
      return ofProcess(fitGaussianProcess(matrix, y, { ...gaussianProcessDefaults, seed }))
  }
}

/** Returns the regression of a stored form. */
export function regressorFromJson(json: RegressorJson): Regressor {
  switch (json.kind) {
    case 'forest':
    case 'extraTrees':
      return ofTrees(json.kind, treesFromJson(json.trees))
    case 'boosting':
      return ofBoosted({ start: json.start, trees: treesFromJson(json.trees) })
    case 'gaussianProcess': {
      const { process } = json
      return ofProcess({
        ...process,
        mean: Float64Array.from(process.mean),
        scale: Float64Array.from(process.scale),
        inverse: Float64Array.from(process.inverse),
        inputs: Float64Array.from(process.inputs),
        alpha: Float64Array.from(process.alpha),
        factor: new Float64Array(0)
      })
    }
    default:
      throw new AppError(
        'proxy.invalid',
        `The proxy holds an unknown model "${String((json as { kind: unknown }).kind)}".`,
        'It was written by a newer Bitbench; update, or fit the proxy again.'
      )
  }
}

function ofTrees(kind: 'forest' | 'extraTrees', trees: TreeEnsemble): Regressor {
  return {
    kind,
    gain: trees.gain,
    predict: (matrix) => meanOverTrees(trees, matrix),
    deviation: (matrix) => deviationOverTrees(trees, matrix),
    quantiles: (matrix, fractions) => predictQuantiles(trees, matrix, fractions),
    toJSON: () => ({ kind, trees: treesToJson(trees) })
  }
}

function ofBoosted(model: { start: number; trees: TreeEnsemble }): Regressor {
  return {
    kind: 'boosting',
    gain: model.trees.gain,
    predict: (matrix) => predictBoosted(model, matrix),
    deviation: () => null,
    quantiles: () => null,
    toJSON: () => ({ kind: 'boosting', start: model.start, trees: treesToJson(model.trees) })
  }
}

function ofProcess(process: GaussianProcess): Regressor {
  return {
    kind: 'gaussianProcess',
    gain: null,
    predict: (matrix) => predictGaussianProcess(process, matrix).mean,
    deviation: (matrix) => predictGaussianProcess(process, matrix, true).variance?.map(Math.sqrt) ?? null,
    quantiles: () => null,
    toJSON: () => ({
      kind: 'gaussianProcess',
      process: {
        features: process.features,
        rows: process.rows,
        mean: Array.from(process.mean),
        scale: Array.from(process.scale),
        inverse: Array.from(process.inverse),
        signal: process.signal,
        noise: process.noise,
        inputs: Array.from(process.inputs),
        alpha: Array.from(process.alpha)
      }
    })
  }
}

function deviationOverTrees(trees: TreeEnsemble, matrix: FeatureMatrix): Float64Array {
  const values = valuesByTree(trees, matrix)
  const count = trees.roots.length
  const deviation = new Float64Array(matrix.count)
  for (let row = 0; row < matrix.count; row++) {
    let sum = 0
    let squares = 0
    for (let tree = 0; tree < count; tree++) {
      const value = values[tree * matrix.count + row]
      sum += value
      squares += value * value
    }
    deviation[row] = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2))
  }
  return deviation
}
