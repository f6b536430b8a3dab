import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import {
  fitGaussianProcess,
  gaussianProcessDefaults,
  predictGaussianProcess
} from '@core/regression/gaussianProcess'
import { nonNegativeLeastSquares, relativeNnls } from '@core/math/nnls'

describe('linear algebra of the proxies', () => {
  it('non-negative least squares meets the optimality conditions on random problems', () => {
    const random = createRandom(4)
    for (let problem = 0; problem < 50; problem++) {
      const n = 5
      const factor = Float64Array.from({ length: 8 * n }, () => random.normal())
      const goal = Float64Array.from({ length: 8 }, () => random.normal())
      const gram = new Float64Array(n * n)
      const rhs = new Float64Array(n)
      for (let row = 0; row < 8; row++) {
        for (let i = 0; i < n; i++) {
          rhs[i]! += factor[row * n + i]! * goal[row]!
          for (let j = 0; j < n; j++) gram[i * n + j]! += factor[row * n + i]! * factor[row * n + j]!
        }
      }
      const x = nonNegativeLeastSquares(gram, rhs)
      for (let i = 0; i < n; i++) {
        let gradient = -rhs[i]!
        for (let j = 0; j < n; j++) gradient += gram[i * n + j]! * x[j]!
        expect(x[i]).toBeGreaterThanOrEqual(0)
        // Karush-Kuhn-Tucker: no descent left, and none pending on used terms.
        expect(gradient).toBeGreaterThan(-1e-6)
        if (x[i]! > 1e-9) expect(Math.abs(gradient)).toBeLessThan(1e-6)
      }
    }
  })

  it('the relative fit finds the coefficients of noiseless terms of very different size', () => {
    const macs = Float64Array.of(1e3, 1e5, 1e7, 2e6, 5e4)
    const one = new Float64Array(5).fill(1)
    const [slope, constant] = relativeNnls(
      [macs, one],
      macs.map((value) => 0.5 * value + 300)
    )
    expect(slope).toBeCloseTo(0.5, 6)
    expect(constant).toBeCloseTo(300, 3)
  })

  it('a Gaussian process interpolates a smooth function and is less sure away from it', () => {
    const x = Float64Array.from({ length: 40 }, (_, row) => row / 4)
    const y = x.map((value) => Math.sin(value))
    const process = fitGaussianProcess({ names: ['x'], columns: [x], count: 40 }, y, {
      ...gaussianProcessDefaults,
      seed: 1
    })
    const at = { names: ['x'], columns: [Float64Array.of(3.1, 30)], count: 2 }
    const { mean, variance } = predictGaussianProcess(process, at, true)
    expect(mean[0]).toBeCloseTo(Math.sin(3.1), 1)
    expect(variance![1]!).toBeGreaterThan(10 * variance![0]!)
  })

  // Reference values: scikit-learn 1.9.1, GaussianProcessRegressor on standardised columns, kernel 0.8 * Matern(length
  // scales 0.9 and 1.7, nu 2.5 or 0.5), alpha 0.02; the variance with the noise.
  it.each([
    [
      'matern52' as const,
      [-0.07792638118189321, 0.5985743013384495, -0.03311676596168616],
      [0.15268204922580383, 0.32674822867854497, 0.8151333745990356]
    ],
    [
      'exponential' as const,
      [-0.052873236375478166, 0.3701023552011995, -0.02335685639296737],
      [0.4247089156448812, 0.5615217235469235, 0.8123201893761415]
    ]
  ])('a %s process with given hyperparameters equals scikit-learn', (smoothness, means, variances) => {
    const names = ['a', 'b']
    const columns = [
      Float64Array.of(0.2, 1.1, 1.9, 2.4, 3.3, 4.0),
      Float64Array.of(3.0, 1.0, 4.5, 2.2, 0.7, 3.9)
    ]
    const y = Float64Array.of(0.31, -0.42, 0.87, 0.15, -0.63, 0.52)
    const theta = Float64Array.of(0.9, 1.7, 0.8, 0.02).map(Math.log)
    const process = fitGaussianProcess({ names, columns, count: 6 }, y, {
      ...gaussianProcessDefaults,
      ...{ seed: 1, theta, smoothness }
    })
    const asked = { names, columns: [Float64Array.of(1, 3, 6), Float64Array.of(2, 4, -1)], count: 3 }
    const { mean, variance } = predictGaussianProcess(process, asked, true)
    means.forEach((value, at) => expect(mean[at]).toBeCloseTo(value, 9))
    variances.forEach((value, at) => expect(variance![at]).toBeCloseTo(value, 9))
  })

  it('the relative fit equals scipy.optimize.nnls on rows divided by their times', () => {
    // SciPy 1.17.1, nnls(terms / times, ones).
    const columns = [
      Float64Array.of(1, 2, 3, 4, 5, 6, 7),
      Float64Array.of(2, 1, 5, 3, 8, 1, 2),
      Float64Array.of(0.5, 1.5, 2.5, 1, 0.2, 4, 3),
      Float64Array.of(4, 3, 1, 0.5, 2, 1, 6)
    ]
    const fitted = relativeNnls(columns, Float64Array.of(3, 2, 9, 5, 14, 4, 9))
    const expected = [0.47935207242254074, 1.2991294870732573, 0, 0]
    expected.forEach((value, at) => expect(fitted[at]).toBeCloseTo(value, 9))
  })
})
