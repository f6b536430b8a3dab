import { AppError } from '../../shared/errors'
import { createRandom } from '../math/random'
import { standardisation, standardised, type FeatureMatrix } from './featureMatrix'
import { choleskyInPlace, choleskySolve, forwardSolve } from '../math/cholesky'

/**
 * Gaussian process regression with a Matern 5/2 kernel and one length scale per feature (ARD), zero mean and white
 * noise; Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), chapters 2, 4 and 5. Features are
 * standardised. Hyperparameters maximise the log marginal likelihood plus weak log-normal priors (which keep few
 * rows from fitting noise) by Rprop on the exact gradient, over at most `tuneRows` rows; the posterior uses at most
 * `maxRows`.
 */
export interface GaussianProcess {
  features: number
  rows: number
  /** Standardisation: (x - mean) * scale; scale 0 drops a constant feature. */
  mean: Float64Array
  scale: Float64Array
  /** Inverse squared length scales, of the standardised features. */
  inverse: Float64Array
  signal: number
  noise: number
  /** Training inputs times sqrt(inverse), row-major, rows x features. */
  inputs: Float64Array
  /** K^-1 y */
  alpha: Float64Array
  /** Lower Cholesky factor of K + noise, row-major; empty when revived without variance. */
  factor: Float64Array
  /** Absent in proxies stored before there was a choice: matern52. */
  smoothness?: Smoothness
}

/** Log length scales, log signal and log noise variance of a fit, for another fit on like rows. */
export function hyperparametersOf(model: GaussianProcess): Float64Array {
  return Float64Array.of(
    ...model.inverse.map((value) => -0.5 * Math.log(value)),
    Math.log(model.signal),
    Math.log(model.noise)
  )
}

/** Size and tuning of a Gaussian process. */
export interface GaussianProcessOptions {
  seed: number
  tuneRows: number
  maxRows: number
  iterations: number
  /** Hyperparameters of an earlier fit, kept as they are: its `theta`. Nothing is tuned then. */
  theta?: Float64Array
  /** Default matern52. */
  smoothness?: Smoothness
}

export const gaussianProcessDefaults: Omit<GaussianProcessOptions, 'seed' | 'theta' | 'smoothness'> = {
  tuneRows: 128,
  maxRows: 600,
  iterations: 25
}

/** Parameters in log space: length scale per feature, signal variance, noise variance. */
export function fitGaussianProcess(
  matrix: FeatureMatrix,
  y: Float64Array,
  options: GaussianProcessOptions
): GaussianProcess {
  const features = matrix.columns.length
  const random = createRandom(options.seed)
  const units = standardisation(matrix)
  const order = random.shuffle(Int32Array.from({ length: matrix.count }, (_, row) => row))
  const tuneRows = order.slice(0, Math.min(options.tuneRows, matrix.count))
  const variance = Math.max(meanSquare(y), 1e-12)
  const smoothness = options.smoothness ?? 'matern52'
  const kernel = kernels[smoothness]
  const theta =
    options.theta ??
    tune(
      standardised(matrix, units, tuneRows),
      pick(y, tuneRows),
      features,
      variance,
      options.iterations,
      kernel
    )

  const rows = order.slice(0, Math.min(options.maxRows, matrix.count)).sort()
  const inverse = Float64Array.from({ length: features }, (_, at) => Math.exp(-2 * theta[at]))
  const signal = Math.exp(theta[features])
  let noise = Math.exp(theta[features + 1])
  const inputs = standardised(matrix, units, rows)
  const roots = inverse.map(Math.sqrt)
  for (let at = 0; at < inputs.length; at++) inputs[at] *= roots[at % features]
  const n = rows.length
  for (;;) {
    const factor = covariance(inputs, n, features, signal, kernel)
    for (let i = 0; i < n; i++) factor[i * n + i] += noise
    if (choleskyInPlace(factor, n)) {
      const alpha = pick(y, rows)
      choleskySolve(factor, n, alpha)
      return { features, rows: n, ...units, inverse, signal, noise, inputs, alpha, factor, smoothness }
    }
    noise *= 10
    if (noise > 1e6 * variance) {
      throw new AppError(
        'internal',
        'The Gaussian process has no positive definite covariance.',
        'Report this with the data.'
      )
    }
  }
}

/** Posterior mean and, where the factor is there, the predictive variance including noise. */
export function predictGaussianProcess(
  model: GaussianProcess,
  matrix: FeatureMatrix,
  withVariance = false
): { mean: Float64Array; variance: Float64Array | null } {
  const { features, rows, inputs, alpha, signal, noise, factor } = model
  const { similarity } = kernels[model.smoothness ?? 'matern52']
  const points = standardised(matrix, model)
  const roots = model.inverse.map(Math.sqrt)
  const mean = new Float64Array(matrix.count)
  const variance = withVariance && factor.length > 0 ? new Float64Array(matrix.count) : null
  const cross = new Float64Array(rows)
  for (let at = 0; at < points.length; at++) points[at] *= roots[at % features]
  for (let row = 0; row < matrix.count; row++) {
    let sum = 0
    for (let j = 0; j < rows; j++) {
      cross[j] = signal * similarity(squaredDistance(points, row, inputs, j, features))
      sum += cross[j] * alpha[j]
    }
    mean[row] = sum
    if (variance === null) continue
    forwardSolve(factor, rows, cross)
    let explained = 0
    for (let j = 0; j < rows; j++) explained += cross[j] * cross[j]
    variance[row] = Math.max(signal - explained, 0) + noise
  }
  return { mean, variance }
}

/**
 * How smooth the function is between rows: matern52 is twice differentiable; exponential (Matern 1/2) is continuous
 * only, for times that jump where another kernel is chosen.
 */
export type Smoothness = 'matern52' | 'exponential'

/** Correlation at squared distance r2, and -2 d / d r2 of it: what the gradient by log length scales needs. */
interface Kernel {
  similarity(r2: number): number
  slope(r2: number): number
}

const kernels: Readonly<Record<Smoothness, Kernel>> = {
  // (1 + s + s^2 / 3) e^-s with s = sqrt(5) r; slope 5/3 (1 + s) e^-s.
  matern52: {
    similarity(r2) {
      const s = Math.sqrt(5 * r2)
      return (1 + s + (s * s) / 3) * Math.exp(-s)
    },
    slope(r2) {
      const s = Math.sqrt(5 * r2)
      return (5 / 3) * (1 + s) * Math.exp(-s)
    }
  },
  // e^-r; slope e^-r / r. Equal rows have no slope: their scaled differences are 0.
  exponential: {
    similarity: (r2) => Math.exp(-Math.sqrt(r2)),
    slope: (r2) => (r2 === 0 ? 0 : Math.exp(-Math.sqrt(r2)) / Math.sqrt(r2))
  }
}

function squaredDistance(a: Float64Array, i: number, b: Float64Array, j: number, features: number): number {
  let sum = 0
  for (let at = 0, p = i * features, q = j * features; at < features; at++, p++, q++)
    sum += (a[p] - b[q]) ** 2
  return sum
}

function covariance(
  scaled: Float64Array,
  n: number,
  features: number,
  signal: number,
  { similarity }: Kernel
): Float64Array {
  const matrix = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = signal * similarity(squaredDistance(scaled, i, scaled, j, features))
      matrix[i * n + j] = value
      matrix[j * n + i] = value
    }
  }
  return matrix
}

/**
 * Rprop (Riedmiller and Braun 1993) on the negative log posterior of the hyperparameters. Priors: log length ~
 * N(0.7, 1.5^2) in standardised units, log signal ~ N(log var y, 1.5^2), log noise ~ N(log(0.01 var y), 2^2).
 */
function tune(
  inputs: Float64Array,
  y: Float64Array,
  features: number,
  variance: number,
  iterations: number,
  kernel: Kernel
): Float64Array {
  const size = features + 2
  const centre = new Float64Array(size).fill(0.7)
  centre[features] = Math.log(variance)
  centre[features + 1] = Math.log(0.01 * variance)
  const spread = new Float64Array(size).fill(1.5)
  spread[features + 1] = 2
  let theta = centre.slice()
  const best = { theta: theta.slice(), value: Infinity }
  const step = new Float64Array(size).fill(0.3)
  let last: Float64Array = new Float64Array(size)
  for (let round = 0; round < iterations; round++) {
    const result = negativeLogLikelihood(theta, inputs, y, features, kernel)
    if (result === null) {
      // Not positive definite: more noise, smaller steps.
      theta = best.theta.slice()
      theta[features + 1] += 1
      step.fill(0.1)
      continue
    }
    let { value } = result
    const { gradient } = result
    for (let at = 0; at < size; at++) {
      const off = (theta[at] - centre[at]) / spread[at]
      value += off * off * 0.5
      gradient[at] += off / spread[at]
    }
    if (value < best.value) {
      best.value = value
      best.theta = theta.slice()
    }
    for (let at = 0; at < size; at++) {
      const turn = gradient[at] * last[at]
      if (turn > 0) step[at] = Math.min(1, step[at] * 1.2)
      else if (turn < 0) {
        step[at] = Math.max(1e-3, step[at] * 0.5)
        gradient[at] = 0
      }
      theta[at] = Math.min(8, Math.max(-20, theta[at] - Math.sign(gradient[at]) * step[at]))
    }
    last = gradient
  }
  return best.theta
}

function negativeLogLikelihood(
  theta: Float64Array,
  inputs: Float64Array,
  y: Float64Array,
  features: number,
  kernel: Kernel
): { value: number; gradient: Float64Array } | null {
  const n = y.length
  const inverse = Float64Array.from({ length: features }, (_, at) => Math.exp(-2 * theta[at]))
  const signal = Math.exp(theta[features])
  const noise = Math.exp(theta[features + 1])
  const roots = inverse.map(Math.sqrt)
  const scaled = inputs.map((value, at) => value * roots[at % features])
  const cover = covariance(scaled, n, features, signal, kernel)
  const factor = cover.slice()
  for (let i = 0; i < n; i++) factor[i * n + i] += noise + 1e-10 * signal
  if (!choleskyInPlace(factor, n)) return null
  const alpha = y.slice()
  choleskySolve(factor, n, alpha)
  let value = 0.5 * n * Math.log(2 * Math.PI)
  for (let i = 0; i < n; i++) value += 0.5 * y[i] * alpha[i] + Math.log(factor[i * n + i])
  const inverseKernel = invert(factor, n)
  const gradient = new Float64Array(features + 2)
  let trace = 0
  for (let i = 0; i < n; i++) {
    const diagonal = alpha[i] * alpha[i] - inverseKernel[i * n + i]
    trace += diagonal
    gradient[features] -= 0.5 * diagonal * signal
    for (let j = 0; j < i; j++) {
      const weight = alpha[i] * alpha[j] - inverseKernel[i * n + j]
      gradient[features] -= weight * cover[i * n + j]
      const r2 = squaredDistance(scaled, i, scaled, j, features)
      // d k / d log length_f = signal * slope * (scaled difference_f)^2
      const slope = weight * signal * kernel.slope(r2)
      for (let at = 0, p = i * features, q = j * features; at < features; at++, p++, q++) {
        gradient[at] -= slope * (scaled[p] - scaled[q]) ** 2
      }
    }
  }
  gradient[features + 1] = -0.5 * trace * noise
  return { value, gradient }
}

/** Inverse from a Cholesky factor; lower triangle filled. */
function invert(factor: Float64Array, n: number): Float64Array {
  // L^-1 first, column by column stored as rows of its transpose, then (L^-1)' L^-1.
  const lower = new Float64Array(n * n)
  for (let j = 0; j < n; j++) {
    lower[j * n + j] = 1 / factor[j * n + j]
    for (let i = j + 1; i < n; i++) {
      let sum = 0
      for (let k = j; k < i; k++) sum -= factor[i * n + k] * lower[j * n + k]
      lower[j * n + i] = sum / factor[i * n + i]
    }
  }
  const inverse = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = i; k < n; k++) sum += lower[i * n + k] * lower[j * n + k]
      inverse[i * n + j] = sum
    }
  }
  return inverse
}

function pick(values: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row])
}

function meanSquare(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value * value
  return sum / values.length
}
