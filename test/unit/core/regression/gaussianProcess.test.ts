import { describe, expect, it } from 'vitest'
import {
  fitGaussianProcess,
  gaussianProcessDefaults,
  predictGaussianProcess
} from '@core/regression/gaussianProcess'

describe('a Gaussian process', () => {
  it('interpolates a smooth function and is less sure away from it', () => {
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
  ])('that is %s, with given hyperparameters, equals scikit-learn', (smoothness, means, variances) => {
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
})
