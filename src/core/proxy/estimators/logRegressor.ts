import { extractFeatures, type FeatureSet } from '../features'
import { groupByShape } from '../fit/folds'
import {
  fitRegressor,
  regressorFromJson,
  type Regressor,
  type RegressorKind,
  type RegressorOptions
} from '../../regression/regressors'
import { joinSamples } from '../samples'
import { importanceOf } from './importance'
import type { Estimator, LatencyModel, ModelJson } from './estimator'

type LogRegressorJson = Extract<ModelJson, { kind: 'logRegressor' }>

/** A general regression model on log time: relative errors count alike, and predictions stay positive. */
export function logRegressor(
  name: string,
  title: string,
  kind: RegressorKind,
  features: FeatureSet,
  options: Omit<RegressorOptions, 'seed'> = {}
): Estimator {
  return {
    name,
    title,
    fit(samples, { seed, extra }) {
      const all = extra === undefined ? samples : joinSamples([samples, extra])
      const { groupOf } = groupByShape(all)
      const matrix = extractFeatures(all, features)
      const regressor = fitRegressor(kind, matrix, all.time.map(Math.log), { ...options, groupOf, seed })
      return modelOf(features, matrix.names, regressor)
    }
  }
}

/** Returns the model of a stored regression of the logarithm of time. */
export function logRegressorModel(json: LogRegressorJson): LatencyModel {
  return modelOf(json.features as FeatureSet, json.names, regressorFromJson(json.regressor))
}

function modelOf(features: FeatureSet, names: readonly string[], regressor: Regressor): LatencyModel {
  return {
    description: `${regressor.kind} of log time on ${features}`,
    predict: (rows) => regressor.predict(extractFeatures(rows, features)).map(Math.exp),
    deviation: (rows) => regressor.deviation(extractFeatures(rows, features)),
    importance: () => importanceOf(regressor, names),
    toJSON: () => ({ kind: 'logRegressor', features, names: [...names], regressor: regressor.toJSON() })
  }
}
