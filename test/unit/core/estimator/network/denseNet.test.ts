import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { createAdam, createDenseNet, createPasses, weightCount } from '@core/estimator/network/denseNet'

const silu = (x: number): number => x / (1 + Math.exp(-x))

describe('the small dense network', () => {
  it('has weights of variance 1 / inputs and biases of 0', () => {
    expect(weightCount([3, 4, 2])).toBe(4 * 4 + 2 * 5)
    const { weights } = createDenseNet([400, 50, 1], createRandom(1))
    const first = weights.subarray(0, 400 * 50)
    expect(first.reduce((sum, one) => sum + one * one, 0) / first.length).toBeCloseTo(1 / 400, 4)
    expect([...weights.subarray(400 * 50, 400 * 50 + 50)].every((one) => one === 0)).toBe(true)
    expect(weights.at(-1)).toBe(0)
  })

  it('computes SiLU between its layers and sums at the end', () => {
    // Two inputs, two hidden, one output: weights by rows, then biases.
    const weights = Float64Array.of(1, 2, -1, 0.5, 0.1, -0.2, 3, -2, 0.7)
    const { forward } = createPasses({ sizes: [2, 2, 1], weights }, 2)
    const expected = (a: number, b: number): number =>
      3 * silu(a + 2 * b + 0.1) - 2 * silu(-a + 0.5 * b - 0.2) + 0.7
    const out = forward(Float64Array.of(0.3, -0.4, 1, 2), 2)
    expect(out[0]).toBeCloseTo(expected(0.3, -0.4), 12)
    expect(out[1]).toBeCloseTo(expected(1, 2), 12)
  })

  it('has the gradient of differences', () => {
    const random = createRandom(7)
    const net = createDenseNet([3, 4, 5, 2], random)
    for (let at = 0; at < net.weights.length; at++) net.weights[at]! += 0.1 * random.normal()
    const input = Float64Array.from({ length: 9 }, () => random.normal())
    const pulls = Float64Array.from({ length: 6 }, () => random.normal())
    const passes = createPasses(net, 4)
    const loss = (): number =>
      passes
        .forward(input, 3)
        .slice(0, 6)
        .reduce((sum, one, at) => sum + one * pulls[at]!, 0)
    loss()
    const gradient = new Float64Array(net.weights.length).fill(1)
    passes.backward(input, 3, pulls, gradient)
    for (let at = 0; at < net.weights.length; at++) {
      const kept = net.weights[at]!
      net.weights[at] = kept + 1e-5
      const above = loss()
      net.weights[at] = kept - 1e-5
      const below = loss()
      net.weights[at] = kept
      // It is added to what is there.
      expect(gradient[at]! - 1, `weight ${at}`).toBeCloseTo((above - below) / 2e-5, 6)
    }
  })

  it('steps by Adam: the rate at first, whatever the size of the gradient', () => {
    const weights = Float64Array.of(1, 1, 1)
    const step = createAdam(weights)
    step(Float64Array.of(100, -0.01, 0), 0.1)
    expect(weights[0]).toBeCloseTo(0.9, 6)
    expect(weights[1]).toBeCloseTo(1.1, 6)
    expect(weights[2]).toBe(1)
    // Second moments: mean (0.9 * 0.1 * 100 + 0.1 * 50) / 0.19, square (0.999 * 0.001 * 1e4 + 0.001 * 2500) / 0.001999.
    step(Float64Array.of(50, -0.01, 0), 0.1)
    const moved = (0.1 * (14 / 0.19)) / Math.sqrt(12.49 / 0.001999)
    expect(weights[0]).toBeCloseTo(0.9 - moved, 6)
  })
})
