import type { Random } from '../../math/random'

/**
 * A small fully connected network in flat arrays: SiLU (x times the logistic function of x) between the layers, none
 * after the last. Rows are points, row-major.
 */
export interface DenseNet {
  /** Inputs, hidden layers, outputs. */
  readonly sizes: readonly number[]
  /** Per layer: weights (outputs x inputs, row-major), then biases. */
  readonly weights: Float64Array
}

/** Random weights of variance 1 / inputs, biases 0. */
export function createDenseNet(sizes: readonly number[], random: Random): DenseNet {
  const weights = new Float64Array(weightCount(sizes))
  let at = 0
  for (let layer = 1; layer < sizes.length; layer++) {
    const scale = 1 / Math.sqrt(sizes[layer - 1])
    for (let i = 0; i < sizes[layer] * sizes[layer - 1]; i++) weights[at++] = random.normal() * scale
    at += sizes[layer]
  }
  return { sizes, weights }
}

/** Weights and biases of a network of these sizes. */
export function weightCount(sizes: readonly number[]): number {
  let count = 0
  for (let layer = 1; layer < sizes.length; layer++) count += sizes[layer] * (sizes[layer - 1] + 1)
  return count
}

/** Scratch for forward and backward passes of up to `capacity` rows. */
export interface Passes {
  /** Outputs of `rows` rows, valid until the next call. */
  forward(input: Float64Array, rows: number): Float64Array
  /** Adds the gradient of the weights for d loss / d output of the rows of the last forward call. */
  backward(input: Float64Array, rows: number, outputGradient: Float64Array, gradient: Float64Array): void
}

/** Returns forward and backward passes of a dense network for up to `capacity` rows; buffers are reused. */
export function createPasses({ sizes, weights }: DenseNet, capacity: number): Passes {
  const layers = sizes.length - 1
  const sums = sizes.slice(1).map((size) => new Float64Array(size * capacity))
  const values = sizes.slice(1).map((size) => new Float64Array(size * capacity))
  const slopes = sizes.slice(1).map((size) => new Float64Array(size * capacity))
  const starts: number[] = []
  let start = 0
  for (let layer = 1; layer < sizes.length; layer++) {
    starts.push(start)
    start += sizes[layer] * (sizes[layer - 1] + 1)
  }
  return {
    forward(input, rows) {
      let from = input
      for (let layer = 0; layer < layers; layer++) {
        const [inputs, outputs] = [sizes[layer], sizes[layer + 1]]
        const [sum, value] = [sums[layer], values[layer]]
        const bias = starts[layer] + inputs * outputs
        for (let row = 0; row < rows; row++) {
          for (let out = 0; out < outputs; out++) {
            let total = weights[bias + out]
            const first = starts[layer] + out * inputs
            const at = row * inputs
            for (let i = 0; i < inputs; i++) total += weights[first + i] * from[at + i]
            const place = row * outputs + out
            sum[place] = total
            value[place] = layer === layers - 1 ? total : total / (1 + Math.exp(-total))
          }
        }
        from = value
      }
      return from
    },
    backward(input, rows, outputGradient, gradient) {
      slopes[layers - 1].set(outputGradient.subarray(0, rows * sizes[layers]))
      for (let layer = layers - 1; layer >= 0; layer--) {
        const [inputs, outputs] = [sizes[layer], sizes[layer + 1]]
        const from = layer === 0 ? input : values[layer - 1]
        const slope = slopes[layer]
        const below = layer === 0 ? null : slopes[layer - 1]
        below?.fill(0, 0, rows * inputs)
        const bias = starts[layer] + inputs * outputs
        for (let row = 0; row < rows; row++) {
          const at = row * inputs
          for (let out = 0; out < outputs; out++) {
            const pull = slope[row * outputs + out]
            if (pull === 0) continue
            const first = starts[layer] + out * inputs
            gradient[bias + out] += pull
            for (let i = 0; i < inputs; i++) gradient[first + i] += pull * from[at + i]
            if (below !== null) for (let i = 0; i < inputs; i++) below[at + i] += pull * weights[first + i]
          }
        }
        if (below !== null) scaleBySlope(below, sums[layer - 1], rows * inputs)
      }
    }
  }
}

/** Multiplies by the derivative of SiLU at `sums`. */
function scaleBySlope(below: Float64Array, sums: Float64Array, length: number): void {
  for (let i = 0; i < length; i++) {
    const logistic = 1 / (1 + Math.exp(-sums[i]))
    below[i] *= logistic * (1 + sums[i] * (1 - logistic))
  }
}

/** Adam (Kingma and Ba 2015), with its usual constants; changes the weights in place. */
export function createAdam(weights: Float64Array): (gradient: Float64Array, rate: number) => void {
  const mean = new Float64Array(weights.length)
  const square = new Float64Array(weights.length)
  let [meanShare, squareShare] = [1, 1]
  return (gradient, rate) => {
    meanShare *= 0.9
    squareShare *= 0.999
    for (let i = 0; i < weights.length; i++) {
      mean[i] = 0.9 * mean[i] + 0.1 * gradient[i]
      square[i] = 0.999 * square[i] + 0.001 * gradient[i] * gradient[i]
      const step = mean[i] / (1 - meanShare)
      weights[i] -= (rate * step) / (Math.sqrt(square[i] / (1 - squareShare)) + 1e-8)
    }
  }
}
