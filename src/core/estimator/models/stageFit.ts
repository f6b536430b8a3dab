import type { FeatureMatrix } from '../../regression/featureMatrix'

/** Rows to fit one stage to. */
export interface StageFit {
  matrix: FeatureMatrix
  /** Milliseconds, > 0. */
  times: Float64Array
  /** Rows of equal number are one configuration: held out together. */
  groupOf: Int32Array
  seed: number
}

/** Time of one stage in ms as a function of the encoded knobs. */
export interface FittedStage<Json> {
  predict(matrix: FeatureMatrix): Float64Array
  /** In words, e.g. the degree chosen. */
  readonly description: string
  toJSON(): Json
}
