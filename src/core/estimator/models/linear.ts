import { floorOf, ridgeFit, weightedSum } from './leastSquares'
import type { FittedStage, StageFit } from './stageFit'

/** Stored form of a linear stage model; no prediction is below `floor`, ms. */
export interface LinearJson {
  kind: 'linear'
  weights: number[]
  floor: number
}

/** Least squares in ms, linear in the encoded knobs. */
export function fitLinear({ matrix, times }: StageFit): FittedStage<LinearJson> {
  const weights = ridgeFit(matrix.columns, times, new Float64Array(times.length).fill(1), 1e-8)
  return linearFromJson({ kind: 'linear', weights: Array.from(weights), floor: floorOf(times) })
}

/** Returns the stage model of a stored linear model. */
export function linearFromJson(json: LinearJson): FittedStage<LinearJson> {
  const weights = Float64Array.from(json.weights)
  return {
    description: 'linear',
    predict: (matrix) => weightedSum(weights, matrix.columns, matrix.count, json.floor),
    toJSON: () => json
  }
}
