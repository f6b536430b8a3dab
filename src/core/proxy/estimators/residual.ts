import { extractFeatures, type FeatureSet } from '../features'
import type { FeatureMatrix } from '../../regression/featureMatrix'
import { groupByShape } from '../fit/folds'
import {
  fitRegressor,
  regressorFromJson,
  type Regressor,
  type RegressorKind,
  type RegressorOptions
} from '../../regression/regressors'
import { joinSamples, type ShapeRows } from '../samples'
import { importanceOf } from './importance'
import { rooflineParts } from './physical'
import type { Estimator, LatencyModel, ModelJson } from './estimator'

type ResidualJson = Extract<ModelJson, { kind: 'residual' }>

/** A regression of what a base model leaves over. */
export interface ResidualOptions extends Omit<RegressorOptions, 'seed'> {
  features: FeatureSet
  /** Let the regression see the logarithm of the base's own prediction (of both parts of a roofline). */
  withBase: boolean
}

/**
 * Any base times the exponential of any regression on log(time / base): the base carries the trend beyond the
 * measured range, the regression what the base does not know. prediction = base(x) exp(r(features(x))).
 */
export function residualEstimator(
  name: string,
  base: Estimator,
  kind: RegressorKind,
  { features, withBase, ...options }: ResidualOptions
): Estimator {
  return {
    name,
    title: `${base.title}, times ${kind} of the rest`,
    fit(samples, { seed, extra }) {
      const all = extra === undefined ? samples : joinSamples([samples, extra])
      const baseModel = base.fit(all, { seed })
      const predicted = baseModel.predict(all)
      const matrix = withBase
        ? withBaseColumns(extractFeatures(all, features), baseModel, predicted, all)
        : extractFeatures(all, features)
      const rest = all.time.map((time, row) => Math.log(time / predicted[row]))
      const regressor = fitRegressor(kind, matrix, rest, {
        ...options,
        groupOf: groupByShape(all).groupOf,
        seed
      })
      return residualOf({ base: baseModel, features, names: matrix.names, withBase, regressor })
    }
  }
}

/** Returns the model of a stored residual on its base. */
export function residualModel(json: ResidualJson, base: LatencyModel): LatencyModel {
  return residualOf({
    base,
    features: json.features as FeatureSet,
    names: json.names,
    withBase: json.withBase,
    regressor: regressorFromJson(json.regressor)
  })
}

interface ResidualParts {
  base: LatencyModel
  features: FeatureSet
  names: readonly string[]
  withBase: boolean
  regressor: Regressor
}

function residualOf({ base, features, names, withBase, regressor }: ResidualParts): LatencyModel {
  const matrixOf = (rows: ShapeRows, predicted: Float64Array): FeatureMatrix =>
    withBase
      ? withBaseColumns(extractFeatures(rows, features), base, predicted, rows)
      : extractFeatures(rows, features)
  return {
    description: `${base.description}; times ${regressor.kind} of the rest on ${features}`,
    predict(rows) {
      const predicted = base.predict(rows)
      const rest = regressor.predict(matrixOf(rows, predicted))
      for (let row = 0; row < rows.count; row++) predicted[row] *= Math.exp(rest[row])
      return predicted
    },
    deviation: (rows) => regressor.deviation(matrixOf(rows, base.predict(rows))),
    importance: () => importanceOf(regressor, names),
    toJSON: () => ({
      kind: 'residual',
      base: base.toJSON(),
      features,
      names: [...names],
      withBase,
      regressor: regressor.toJSON()
    })
  }
}

function withBaseColumns(
  matrix: FeatureMatrix,
  base: LatencyModel,
  predicted: Float64Array,
  rows: ShapeRows
): FeatureMatrix {
  const names = [...matrix.names, 'log base']
  const columns = [...matrix.columns, predicted.map(Math.log)]
  const json = base.toJSON()
  if (json.kind === 'roofline') {
    const { compute, memory } = rooflineParts(json, rows)
    names.push('log compute/memory')
    columns.push(compute.map((time, row) => Math.log(time / memory[row])))
  }
  return { names, columns, count: matrix.count }
}
