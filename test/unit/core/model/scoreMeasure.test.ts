import { describe, expect, it } from 'vitest'
import { measureScores } from '@core/model/scoreMeasure'

describe('measures of scores', () => {
  it('come out as by hand on two items of two classes', () => {
    // Softmax of [0, ln 3] is [1/4, 3/4], of [0, 0] is [1/2, 1/2].
    const float = Float32Array.from([0, Math.log(3), 0, Math.log(3)])
    const scores = Float32Array.from([0, 0, 0, Math.log(3)])
    const found = measureScores(scores, float, Uint8Array.from([1, 1]))
    // The first item ties: the first class counts as chosen.
    expect(found).toMatchObject({ correct: 1, right: Uint8Array.from([0, 1]) })
    const first = 0.25 * Math.log(0.25 / 0.5) + 0.75 * Math.log(0.75 / 0.5)
    expect(found.kl).toBeCloseTo(first / 2, 6)
    expect(found.crossEntropy).toBeCloseTo((Math.log(2) + Math.log(4 / 3)) / 2, 6)
    expect(found.mse).toBeCloseTo(Math.log(3) ** 2 / 4, 6)
  })

  it('is no distance from itself and finite for extreme scores', () => {
    const scores = Float32Array.from([1e4, -1e4, 3, 5, 5, 4])
    const found = measureScores(scores, scores, Uint8Array.from([0, 1]))
    expect(found.kl).toBe(0)
    expect(found.mse).toBe(0)
    expect(Number.isFinite(found.crossEntropy)).toBe(true)
    expect(() => measureScores(scores, scores.subarray(1), Uint8Array.from([0, 1]))).toThrow(RangeError)
  })
})
