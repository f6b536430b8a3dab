import type { FeatureMatrix } from '../../regression/featureMatrix'
import { choleskyInPlace, choleskySolve } from '../../math/cholesky'
import { fitRegressor } from '../../regression/regressors'
import type { FittedTransfer } from './method'
import { entriesOf, featuresAt, fitBase, minPrediction, timesOf, type TransferProblem } from './problem'

/** Predicts the times of entries of one pool, in ms. */
type PoolModel = (entries: Int32Array) => Float64Array

/** Physical base alone: work terms of the target, no source. */
export function fitStageRoofline(problem: TransferProblem, rows: Int32Array): FittedTransfer {
  return perPool(problem, rows, (at, entries, times) => {
    const base = fitBase(problem.pools[at], entries, times)
    return (asked) => Float64Array.from(asked, (entry) => base[entry])
  })
}

/** Extra trees on the logarithm of time over work features, stages of a kind together. */
export function scratch(problem: TransferProblem, rows: Int32Array, seed: number): FittedTransfer {
  return perPool(problem, rows, (at, entries, times) => {
    const { features } = problem.pools[at]
    const trees = fitRegressor('extraTrees', featuresAt(features, entries), times.map(Math.log), { seed })
    return (asked) => trees.predict(featuresAt(features, asked)).map(Math.exp)
  })
}

/** A random forest per operator on the knobs, as Vidur predicts (Agrawal et al., MLSys 2024, section 4.3). */
export function vidurForest(problem: TransferProblem, rows: Int32Array, seed: number): FittedTransfer {
  const knobs = knobMatrix(problem)
  return perStageRows(problem, rows, (fitted, times) => {
    const forest = fitRegressor('forest', featuresAt(knobs, fitted), times, { seed })
    return (asked) => forest.predict(featuresAt(knobs, asked))
  })
}

/** Ridge regression in ms per operator on the standardised knobs. */
export function linear(problem: TransferProblem, rows: Int32Array): FittedTransfer {
  const knobs = knobMatrix(problem)
  return perStageRows(problem, rows, (fitted, times) => {
    const weights = ridge(featuresAt(knobs, fitted), times)
    const floor = minPrediction(times)
    return (asked) => weights(featuresAt(knobs, asked)).map((time) => Math.max(floor, time))
  })
}

const ridgeShare = 1e-3

function ridge(matrix: FeatureMatrix, y: Float64Array): (asked: FeatureMatrix) => Float64Array {
  const means = matrix.columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length)
  const scales = matrix.columns.map((column, at) => {
    const square = column.reduce((sum, value) => sum + (value - means[at]) ** 2, 0) / column.length
    return square > 0 ? 1 / Math.sqrt(square) : 0
  })
  const n = matrix.columns.length
  const points = matrix.columns.map((column, at) => column.map((value) => (value - means[at]) * scales[at]))
  const middle = y.reduce((sum, value) => sum + value, 0) / y.length
  const gram = new Float64Array(n * n)
  const weights = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    for (let row = 0; row < y.length; row++) weights[i] += points[i][row] * (y[row] - middle)
    for (let j = 0; j < n; j++) {
      for (let row = 0; row < y.length; row++) gram[i * n + j] += points[i][row] * points[j][row]
    }
    gram[i * n + i] += ridgeShare * y.length
  }
  if (choleskyInPlace(gram, n)) choleskySolve(gram, n, weights)
  return (asked) => {
    const sums = new Float64Array(asked.count).fill(middle)
    asked.columns.forEach((column, at) => {
      for (let row = 0; row < asked.count; row++)
        sums[row] += weights[at] * (column[row] - means[at]) * scales[at]
    })
    return sums
  }
}

/** Numbers of all knobs; names stay out, so that a model with a new name is not a new category. */
function knobMatrix({ table }: TransferProblem): FeatureMatrix {
  const numbers = table.knobs.filter(({ levels }) => levels === null || levels.length === 2)
  return {
    names: numbers.map(({ name }) => name),
    columns: numbers.map(({ values }) => values),
    count: table.count
  }
}

function perStageRows(
  problem: TransferProblem,
  rows: Int32Array,
  fit: (rows: Int32Array, times: Float64Array) => (asked: Int32Array) => Float64Array
): FittedTransfer {
  const models = problem.target.map((times) => {
    const known = rows.filter((row) => !Number.isNaN(times[row]))
    return known.length === 0
      ? null
      : fit(
          known,
          Float64Array.from(known, (row) => times[row])
        )
  })
  return {
    predict: (asked) =>
      models.map((model, stage) =>
        model === null ? absent(asked) : onlyPresent(problem, stage, asked, model(asked))
      ),
    refit: (fewer) => perStageRows(problem, fewer, fit)
  }
}

/** Fits every pool on its calibration entries; predicts stage by stage. */
export function perPool(
  problem: TransferProblem,
  rows: Int32Array,
  fit: (pool: number, entries: Int32Array, times: Float64Array) => PoolModel
): FittedTransfer {
  const models = problem.pools.map((pool, at) => {
    const entries = entriesOf(pool, problem.target, rows)
    return entries.length === 0 ? null : fit(at, entries, timesOf(pool, problem.target, entries))
  })
  return {
    predict(asked) {
      const predicted = problem.table.stages.map(() => absent(asked))
      problem.pools.forEach((pool, at) => {
        const model = models[at]
        if (model === null) return
        pool.stages.forEach((stage, position) => {
          const entries = Int32Array.from(asked, (row) => position * pool.count + row)
          predicted[stage] = onlyPresent(problem, stage, asked, model(entries))
        })
      })
      return predicted
    },
    refit: (fewer) => perPool(problem, fewer, fit)
  }
}

function absent(asked: Int32Array): Float64Array {
  return new Float64Array(asked.length).fill(NaN)
}

/** NaN where the configuration does not have the stage. */
function onlyPresent(
  { source }: TransferProblem,
  stage: number,
  asked: Int32Array,
  values: Float64Array
): Float64Array {
  return values.map((value, at) => (Number.isNaN(source[stage][asked[at]]) ? NaN : value))
}
