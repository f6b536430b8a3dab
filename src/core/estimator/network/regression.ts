import { deviation, mean } from '../../math/mean'
import { createRandom } from '../../math/random'
import {
  standardisation,
  standardised,
  type FeatureMatrix,
  type Standardisation
} from '../../regression/featureMatrix'
import { createAdam, createDenseNet, createPasses, type DenseNet } from './denseNet'

/** A network that maps a row of features to one number, with the standardisation of both. */
export interface NetRegression extends Standardisation {
  net: DenseNet
  targetMean: number
  targetScale: number
}

/** Size and training of a network with one output. */
export interface NetTraining {
  hidden: readonly number[]
  epochs: number
  batchSize: number
  rate: number
  seed: number
}

/** Least squares by Adam, the rate falling to 0 along half a cosine. */
export function fitNet(matrix: FeatureMatrix, y: Float64Array, options: NetTraining): NetRegression {
  const random = createRandom(options.seed)
  const targetScale = deviation(y)
  const model: NetRegression = {
    net: createDenseNet([matrix.columns.length, ...options.hidden, 1], random),
    ...standardisation(matrix),
    targetMean: mean(y),
    targetScale: targetScale > 0 ? targetScale : 1
  }
  train(model, matrix, y, options)
  return model
}

/** The same network trained on with other rows; standardisation and starting weights are kept, the model is not changed. */
export function tuneNet(
  model: NetRegression,
  matrix: FeatureMatrix,
  y: Float64Array,
  options: NetTraining
): NetRegression {
  const tuned = { ...model, net: { sizes: model.net.sizes, weights: model.net.weights.slice() } }
  train(tuned, matrix, y, options)
  return tuned
}

function train(model: NetRegression, matrix: FeatureMatrix, y: Float64Array, options: NetTraining): void {
  const random = createRandom(options.seed).fork(1)
  const points = standardised(matrix, model)
  const features = matrix.columns.length
  const batch = Math.min(options.batchSize, y.length)
  const passes = createPasses(model.net, batch)
  const gradient = new Float64Array(model.net.weights.length)
  const step = createAdam(model.net.weights)
  const order = Int32Array.from({ length: y.length }, (_, row) => row)
  const input = new Float64Array(batch * features)
  const pull = new Float64Array(batch)
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const rate = 0.5 * options.rate * (1 + Math.cos((Math.PI * epoch) / options.epochs))
    random.shuffle(order)
    for (let first = 0; first < y.length; first += batch) {
      const rows = Math.min(batch, y.length - first)
      for (let row = 0; row < rows; row++) {
        const from = order[first + row] * features
        for (let i = 0; i < features; i++) input[row * features + i] = points[from + i]
      }
      const output = passes.forward(input, rows)
      for (let row = 0; row < rows; row++) {
        const wanted = (y[order[first + row]] - model.targetMean) / model.targetScale
        pull[row] = (2 * (output[row] - wanted)) / rows
      }
      gradient.fill(0)
      passes.backward(input, rows, pull, gradient)
      step(gradient, rate)
    }
  }
}

/** Predicts every row of a matrix, in the unit of the target. */
export function predictNet(model: NetRegression, matrix: FeatureMatrix): Float64Array {
  const output = createPasses(model.net, matrix.count).forward(standardised(matrix, model), matrix.count)
  return Float64Array.from(
    { length: matrix.count },
    (_, row) => output[row] * model.targetScale + model.targetMean
  )
}
