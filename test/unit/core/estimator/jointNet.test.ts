import { describe, expect, it } from 'vitest'
import {
  jointFromJson,
  jointToJson,
  predictJoint,
  predictJointDecode,
  trainJointNet,
  type JointNet
} from '@core/estimator/network/jointNet'

/** One linear layer, worked out by hand: prefill = u (3 x + 1), token = u (0.5 x + 2 p + 0.25), x = (knob - 10) / 5. */
const netOf = (unit: number, maxTokens = 20): JointNet => ({
  net: { sizes: [2, 2], weights: Float64Array.of(3, 0, 0.5, 2, 1, 0.25) },
  mean: Float64Array.of(10),
  scale: Float64Array.of(1 / 5),
  units: Float64Array.of(unit, unit),
  maxTokens
})
const matrix = { names: ['knob'], columns: [Float64Array.of(15, 20)], count: 2 }

describe('a network of all stages', () => {
  it('gives stages, and a token at its share of the longest output', () => {
    const [prefill, token] = predictJoint(netOf(1), matrix, Float64Array.of(4, 20))
    expect(Array.from(prefill!)).toEqual([4, 7])
    // 0.5 + 2 * 4 / 20 + 0.25 and 1 + 2 * 20 / 20 + 0.25.
    expect(token![0]).toBeCloseTo(1.15, 12)
    expect(token![1]).toBeCloseTo(3.25, 12)
  })

  it('sums the tokens of an output: the sum of a line over 1..n', () => {
    const tokens = [10, 3]
    const found = predictJointDecode(netOf(1), matrix, Float64Array.from(tokens))
    for (const [row, count] of tokens.entries()) {
      let sum = 0
      for (let position = 1; position <= count; position++)
        sum += 0.5 * (row + 1) + (2 * position) / 20 + 0.25
      expect(found[row]).toBeCloseTo(sum, 10)
    }
    // Without positions every token costs the same.
    const flat = predictJointDecode(netOf(1, 0), matrix, Float64Array.of(10, 3))
    expect(Array.from(flat)).toEqual([7.5, 3.75])
  })

  it('has no floor where times are: microseconds and less stay in proportion', () => {
    for (const unit of [1e-5, 1e-3, 1e3]) {
      const [prefill] = predictJoint(netOf(unit), matrix, Float64Array.of(1, 1))
      expect(prefill![0]! / unit).toBeCloseTo(4, 9)
      expect(prefill![1]! / unit).toBeCloseTo(7, 9)
    }
    // Only a time that no clock can measure, or below zero, becomes a millionth of a millisecond.
    const below = { ...netOf(1), net: { sizes: [2, 2], weights: Float64Array.of(-3, 0, 0, 0, 1, 1e-9) } }
    const [prefill, token] = predictJoint(below, matrix, Float64Array.of(1, 1))
    expect([prefill![0], prefill![1], token![0]]).toEqual([1e-6, 1e-6, 1e-6])
  })

  it('is stored whole, and refused where weights are missing', () => {
    const json = jointToJson(netOf(2))
    expect(jointFromJson(JSON.parse(JSON.stringify(json)))).toEqual(netOf(2))
    expect(() => jointFromJson({ ...json, weights: json.weights.slice(1) })).toThrow(/broken network/)
  })

  it('a stage that takes the same time everywhere does not outweigh the others', () => {
    const x = Float64Array.from({ length: 96 }, (_, row) => (row * 37) % 96)
    const samplesOf = (constantMs: number) => ({
      matrix: { names: ['knob'], columns: [x], count: x.length },
      stages: [x.map((value) => 2 + value / 16), x.map(() => constantMs)],
      ...{ weights: [2, 1], decode: null, tokens: x.map(() => 1), perToken: Array.from(x, () => null) }
    })
    const options = { hidden: [16], epochs: 150, batchSize: 16, rate: 0.01, seed: 5 }
    const { net, history } = trainJointNet(samplesOf(0.3), samplesOf(0.3), options)
    // In units of the variance, 2 % of the mean at least: an error of the whole mean is 2,500.
    expect(history[0]!.trainLoss).toBeLessThan(2500)
    const [prefill, constant] = predictJoint(
      net,
      samplesOf(0.3).matrix,
      x.map(() => 1)
    )
    const error = (found: Float64Array, wanted: (row: number) => number): number =>
      found.reduce((sum, value, row) => sum + Math.abs(value / wanted(row) - 1), 0) / found.length
    expect(error(prefill!, (row) => 2 + x[row]! / 16)).toBeLessThan(0.03)
    expect(error(constant!, () => 0.3)).toBeLessThan(0.03)
  })
})
