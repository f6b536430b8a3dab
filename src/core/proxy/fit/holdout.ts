import { groupByShape, shapeFolds, splitRows, type Folds } from './folds'
import { metricsOf } from '../../regression/metrics'
import { takeSamples, type SampleTable, type ShapeRows } from '../samples'
import type { Estimator, FitOptions } from '../estimators/estimator'

/**
 * Out-of-fold predictions: every row predicted by a model that was fitted without its fold. Rows of `extra` help
 * every fit, but none of a shape that is being held out.
 */
export function predictHoldout(
  samples: SampleTable,
  folds: Folds,
  estimatorOf: (train: SampleTable, fold: number, options: FitOptions) => Estimator,
  options: FitOptions
): Float64Array {
  const predicted = new Float64Array(samples.count)
  for (let fold = 0; fold < folds.folds; fold++) {
    const { train, test } = splitRows(folds, fold)
    if (test.length === 0) continue
    const trainSamples = takeSamples(samples, train)
    const testRows = takeSamples(samples, test)
    const foldOptions = withoutHoldoutShapes(options, trainSamples, testRows)
    const model = estimatorOf(trainSamples, fold, foldOptions).fit(trainSamples, foldOptions)
    const values = model.predict(testRows)
    for (let at = 0; at < test.length; at++) predicted[test[at]] = values[at]
  }
  return predicted
}

/** Unseen-shape MAPE in percent of a fixed estimator; what every choice is made by. Infinity with a single shape. */
export function pooledError(
  samples: SampleTable,
  estimator: Estimator,
  options: FitOptions,
  folds = 5
): number {
  if (groupByShape(samples).groups < 2) return Infinity
  return metricsOf(
    predictHoldout(samples, shapeFolds(samples, folds), () => estimator, options),
    samples.time
  ).mape
}

/** Extra rows whose shape is held out entirely are left out; shapes that are also trained on may stay. */
function withoutHoldoutShapes(options: FitOptions, train: ShapeRows, test: ShapeRows): FitOptions {
  const { extra } = options
  if (extra === undefined) return options
  const trained = new Set(keysOf(train))
  const holdoutKeys = new Set(keysOf(test).filter((key) => !trained.has(key)))
  const kept: number[] = []
  keysOf(extra).forEach((key, row) => {
    if (!holdoutKeys.has(key)) kept.push(row)
  })
  const { extra: _all, ...rest } = options
  return kept.length === 0 ? rest : { ...rest, extra: takeSamples(extra, kept) }
}

function keysOf(rows: ShapeRows): string[] {
  return Array.from({ length: rows.count }, (_, row) => rows.dims.map((column) => column[row]).join())
}
