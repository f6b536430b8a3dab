import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import {
  fitGaussianProcess,
  gaussianProcessDefaults,
  predictGaussianProcess
} from '@core/proxy/linear/gaussianProcess'
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
})
