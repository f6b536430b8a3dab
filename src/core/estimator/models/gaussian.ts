import type { FeatureMatrix } from '../../regression/featureMatrix'
import { fitRegressor, regressorFromJson, type RegressorJson } from '../../regression/regressors'
import type { FittedStage, StageFit } from './stageFit'

/** Stored form of a Gaussian process of a stage. */
export interface GaussianJson {
  kind: 'gaussianProcess'
  process: RegressorJson
  /** Columns that are taken as logarithms. */
  logarithmic: boolean[]
  /** Mean of the logarithm of the times. */
  centre: number
}

/** Gaussian process on the logarithm of time over the logarithms of sizes. */
export function fitGaussian({ matrix, times, seed }: StageFit): FittedStage<GaussianJson> {
  const logarithmic = matrix.columns.map((column) => column.every((value) => value > 0))
  const logs = times.map(Math.log)
  const centre = logs.reduce((sum, value) => sum + value, 0) / logs.length
  const process = fitRegressor(
    'gaussianProcess',
    scaled(matrix, logarithmic),
    logs.map((value) => value - centre),
    { seed }
  )
  return gaussianFromJson({ kind: 'gaussianProcess', process: process.toJSON(), logarithmic, centre })
}

/** Returns the stage model of a stored Gaussian process. */
export function gaussianFromJson(json: GaussianJson): FittedStage<GaussianJson> {
  const process = regressorFromJson(json.process)
  return {
    description: 'Gaussian process',
    predict: (matrix) =>
      process.predict(scaled(matrix, json.logarithmic)).map((value) => Math.exp(value + json.centre)),
    toJSON: () => json
  }
}

function scaled(matrix: FeatureMatrix, logarithmic: readonly boolean[]): FeatureMatrix {
  const least = 1e-9
  return {
    ...matrix,
    columns: matrix.columns.map((column, at) =>
      logarithmic[at] ? column.map((value) => Math.log(Math.max(least, value))) : column
    )
  }
}
