import { AppError } from '../../../shared/errors'
import { weightCount } from '../network/denseNet'
import { fitNet, predictNet, type NetRegression } from '../network/regression'
import type { FittedStage, StageFit } from './stageFit'

/** Stored form of a network of a stage, with the scaling of inputs and target. */
export interface MlpJson {
  kind: 'mlp'
  sizes: number[]
  weights: number[]
  mean: number[]
  scale: number[]
  targetMean: number
  targetScale: number
}

export const mlpDefaults = { hidden: [64, 64], epochs: 50, batchSize: 64, rate: 1e-3 }

/** A network per stage in ms, standardised; stages without the documents' loss (prefill and decode have theirs). */
export function fitMlp({ matrix, times, seed }: StageFit): FittedStage<MlpJson> {
  return mlpFromNet(fitNet(matrix, times, { ...mlpDefaults, seed }))
}

/** Returns the stage model of a trained network. */
export function mlpFromNet(net: NetRegression): FittedStage<MlpJson> {
  return {
    description: `network ${net.net.sizes.join('-')}`,
    predict: (matrix) => predictNet(net, matrix).map((time) => Math.max(1e-6, time)),
    toJSON: () => ({
      kind: 'mlp',
      sizes: [...net.net.sizes],
      weights: Array.from(net.net.weights),
      mean: Array.from(net.mean),
      scale: Array.from(net.scale),
      targetMean: net.targetMean,
      targetScale: net.targetScale
    })
  }
}

/** Returns a stored network of one stage. @throws input.invalid where the weights do not fit the sizes */
export function mlpFromJson(json: MlpJson): FittedStage<MlpJson> {
  if (json.weights.length !== weightCount(json.sizes)) {
    throw new AppError('input.invalid', 'The estimator holds a broken network.', 'Train it again.')
  }
  return mlpFromNet({
    net: { sizes: json.sizes, weights: Float64Array.from(json.weights) },
    mean: Float64Array.from(json.mean),
    scale: Float64Array.from(json.scale),
    targetMean: json.targetMean,
    targetScale: json.targetScale
  })
}
