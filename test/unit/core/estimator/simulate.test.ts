import { describe, expect, it } from 'vitest'
import { simulateSamples, trueStages } from '@core/estimator/simulate'

describe('simulated stages', () => {
  it('have the truth that their formulas say', () => {
    const truth = trueStages({ visionTokens: 1000, promptTokens: 200, moeTopK: 5, activeBlocks: 10 })
    // 2 + 12 + 3; 0.2 + 0.6; 1.5 + 10 (0.12 + 1200 * 6e-4 + 2.5e-7 * 1.44e6); 0.6 + 10 * 0.11
    expect(truth.visionEncoder).toBeCloseTo(17, 12)
    expect(truth.projector).toBeCloseTo(0.8, 12)
    expect(truth.prefill).toBeCloseTo(13.5, 12)
    expect(truth.token).toBeCloseTo(1.7, 12)
    const twice = trueStages({ visionTokens: 1000, promptTokens: 200, moeTopK: 5, activeBlocks: 10 }, 2)
    expect(twice.prefill).toBeCloseTo(6.75, 12)
    expect(twice.visionEncoder).toBeCloseTo(8.5, 12)
    expect(twice.projector).toBeCloseTo(0.4, 12)
    expect(twice.token).toBeCloseTo(0.85, 12)
  })

  const quiet = { count: 30, seed: 3, prefillNoise: 0, decodeNoise: 0, recordPositions: false } as const

  it('are the truth without noise, and decode the sum of its tokens', () => {
    for (const { knobs, stages, outputTokens } of simulateSamples({ ...quiet, positionSlope: 0.01 })) {
      const truth = trueStages(knobs as Parameters<typeof trueStages>[0])
      expect(stages['visionEncoder']).toBeCloseTo(truth.visionEncoder, 9)
      expect(stages['prefill']).toBeCloseTo(truth.prefill, 9)
      // The slope turns around the middle token, so the sum does not feel it.
      expect(stages['decode']).toBeCloseTo(truth.token * outputTokens!, 9)
      expect(outputTokens).toBeGreaterThanOrEqual(16)
      expect(outputTokens).toBeLessThan(128)
    }
  })

  it('record as many times as tokens, which add up to the stage and grow by the slope', () => {
    const samples = simulateSamples({ ...quiet, positionSlope: 0.02, recordPositions: true })
    const slopes = samples.map(({ decodePerTokenMs: times, outputTokens, stages }) => {
      expect(times).toHaveLength(outputTokens!)
      expect(times!.reduce((sum, time) => sum + time, 0)).toBeCloseTo(stages['decode']!, 9)
      const middle = stages['decode']! / times!.length
      return (times!.at(-1)! - times![0]!) / (times!.length - 1) / middle
    })
    // Single tokens have a noise of 3 %, which thirty samples of 70 tokens leave little of.
    expect(slopes.reduce((sum, slope) => sum + slope, 0) / slopes.length).toBeCloseTo(0.02, 2.5)
  })
})
