import type { ModelJson } from '../estimators/estimator'

/** What a fitted model is, short enough for a list: "residual(physics + gaussianProcess)". */
export function modelName(json: ModelJson): string {
  switch (json.kind) {
    case 'linear':
      return `${json.terms}Linear`
    case 'physics':
      return json.base === 'mix' ? 'physics' : `physics per ${json.base === 'pair' ? 'bit pair' : 'device'}`
    case 'logRegressor':
      return json.regressor.kind
    case 'residual':
      return `residual(${modelName(json.base)} + ${json.regressor.kind})`
    case 'blend':
      return json.members
        .map(({ weight, model }) =>
          weight === 1 ? modelName(model) : `${Math.round(100 * weight)} % ${modelName(model)}`
        )
        .join(' + ')
    case 'scaled':
      return modelName(json.model)
    default:
      return json.kind
  }
}

/** The requested estimator and, where it was a choice, the one it chose: "auto: residual(physics + extraTrees)". */
export function estimatorText(asked: string, json: ModelJson): string {
  return asked === 'auto' || asked === 'stacking' ? `${asked}: ${modelName(json)}` : asked
}
