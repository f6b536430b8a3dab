import { choleskyInPlace, choleskySolve, forwardSolve } from '../../math/cholesky'

/** Covariance of two inputs given by index; symmetric and positive semidefinite. */
export type Covariance<T> = (a: T, b: T) => number

/** A Gaussian process over schemes. */
export interface SchemeProcess<T> {
  /** Posterior mean and standard deviation of the noise-free value. */
  predict(at: T): { mean: number; deviation: number }
  /** Log marginal likelihood of the data. */
  readonly logLikelihood: number
}

/**
 * Exact Gaussian process regression with mean zero (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006,
 * algorithm 2.1).
 * @param noise variance of the observations, > 0
 */
export function fitSchemeProcess<T>(
  inputs: readonly T[],
  values: ArrayLike<number>,
  covariance: Covariance<T>,
  noise: number
): SchemeProcess<T> {
  const count = inputs.length
  const factor = new Float64Array(count * count)
  for (let row = 0; row < count; row++) {
    for (let column = 0; column <= row; column++) {
      const value = covariance(inputs[row], inputs[column])
      factor[row * count + column] = value
      factor[column * count + row] = value
    }
    factor[row * count + row] = factor[row * count + row] + noise
  }
  if (!choleskyInPlace(factor, count)) throw new RangeError('The covariance is not positive definite.')
  const weights = Float64Array.from(values)
  choleskySolve(factor, count, weights)
  let fit = 0
  let determinant = 0
  for (let at = 0; at < count; at++) {
    fit += values[at] * weights[at]
    determinant += Math.log(factor[at * count + at])
  }
  const column = new Float64Array(count)
  return {
    logLikelihood: -0.5 * fit - determinant - 0.5 * count * Math.log(2 * Math.PI),
    predict(at) {
      let mean = 0
      for (let index = 0; index < count; index++) {
        column[index] = covariance(inputs[index], at)
        mean += column[index] * weights[index]
      }
      let variance = covariance(at, at)
      // v = L^-1 k; the variance falls by its squared length.
      forwardSolve(factor, count, column)
      for (const value of column) variance -= value ** 2
      return { mean, deviation: Math.sqrt(Math.max(0, variance)) }
    }
  }
}

/** Expected amount by which a normal value falls below `best` (Jones et al. 1998, eq. 15). */
export function expectedImprovement(mean: number, deviation: number, best: number): number {
  const gap = best - mean
  if (deviation <= 1e-12) return Math.max(0, gap)
  const z = gap / deviation
  return gap * normalShare(z) + (deviation * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI)
}

/** Standard normal distribution function (Abramowitz and Stegun 26.2.17, error below 7.5e-8). */
export function normalShare(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)
  const tail =
    density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return z >= 0 ? 1 - tail : tail
}
