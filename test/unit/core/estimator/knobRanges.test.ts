import { describe, expect, it } from 'vitest'
import { encodeTable, knobCodec, middleWith, outsideRange, rangeWith } from '@core/estimator/models/knobCodec'
import { stageTable, takeRows } from '@core/estimator/samples/stageTable'
import type { StageSample } from '@core/estimator/samples/stageSample'

const sample = (tier: string, visionTokens: number, promptTokens: number): StageSample => ({
  ...{ knobs: { tier, visionTokens, promptTokens }, stages: { prefill: 1 }, outputTokens: 8 },
  ...{ dataSet: 'd', origin: 'simulated' }
})
/** Tiers fix the vision tokens; prompts hardly differ. */
const codec = knobCodec(
  stageTable([
    ...[20, 110].map((prompt) => sample('low', 144, prompt)),
    ...[22, 120].map((prompt) => sample('medium', 576, prompt)),
    ...[21, 119].map((prompt) => sample('high', 1152, prompt))
  ])
)
const asked = (tier: string, visionTokens: number, promptTokens = 60) => ({
  knobs: { tier, visionTokens, promptTokens },
  outputTokens: 8
})
const [, vision, prompt] = codec.knobs

describe('ranges that go with a name', () => {
  it('are kept where they are narrower than the whole', () => {
    expect(vision).toMatchObject({ name: 'visionTokens', min: 144, max: 1152 })
    expect(vision?.byLevel).toEqual([
      { knob: 'tier', level: 'high', min: 1152, max: 1152 },
      { knob: 'tier', level: 'low', min: 144, max: 144 },
      { knob: 'tier', level: 'medium', min: 576, max: 576 }
    ])
    expect(prompt).toEqual({ name: 'promptTokens', levels: null, min: 20, max: 120 })
    expect(codec.outputTokens).toEqual({ min: 8, max: 8 })
  })

  it('warn of a pair that was never measured, each of which was', () => {
    expect(outsideRange(codec, asked('medium', 576))).toEqual({ distance: 0, what: [] })
    const { distance, what } = outsideRange(codec, asked('low', 648))
    expect(distance).toBeCloseTo((648 - 144) / (1152 - 144), 12)
    expect(what).toEqual(['visionTokens = 648 (measured with tier = low: 144)'])
    // Within a tenth of the whole range of what was measured.
    expect(outsideRange(codec, asked('low', 244)).what).toEqual([])
  })

  it('say nothing more outside of all that was measured, or of a name that was not', () => {
    expect(outsideRange(codec, asked('low', 2160))).toEqual({
      distance: 1,
      what: ['visionTokens = 2160 (measured: 144 to 1152)']
    })
    expect(outsideRange(codec, asked('ultra', 144)).what).toEqual([
      'tier = ultra (measured: high, low, medium)'
    ])
  })

  it('leave out a name whose samples were all dropped, and warn of it', () => {
    const whole = stageTable([sample('high', 1152, 50), sample('low', 144, 50), sample('medium', 576, 50)])
    const kept = knobCodec(takeRows(whole, [1, 2]))
    expect(kept.knobs[0]?.levels).toEqual(['low', 'medium'])
    expect(kept.knobs[1]?.byLevel).toEqual([
      { knob: 'tier', level: 'low', min: 144, max: 144 },
      { knob: 'tier', level: 'medium', min: 576, max: 576 }
    ])
    expect(encodeTable(kept, takeRows(whole, [2])).names).toEqual([
      ...['tier = low', 'tier = medium', 'visionTokens', 'promptTokens', 'outputTokens']
    ])
    expect(outsideRange(kept, asked('high', 576, 50)).what).toEqual(['tier = high (measured: low, medium)'])
  })

  it('are shared by several names, or are those of the first where they exclude each other', () => {
    const both = {
      ...{ min: 0, max: 100 },
      byLevel: [
        { knob: 'a', level: 'x', min: 0, max: 50 },
        { knob: 'b', level: 'y', min: 40, max: 100 },
        { knob: 'b', level: 'z', min: 60, max: 100 }
      ]
    }
    expect(rangeWith(both, { a: 'x', b: 'y' })).toEqual({ min: 40, max: 50 })
    expect(rangeWith(both, { a: 'x', b: 'z' })).toEqual({ min: 0, max: 50 })
    expect(rangeWith(both, { a: 'w' })).toEqual({ min: 0, max: 100 })
  })
  it('have a middle that was measured: a whole number where one lies within', () => {
    expect(middleWith(vision!, { tier: 'medium' })).toBe(576)
    expect(middleWith({ min: 1, max: 4 }, {})).toBe(3)
    const share = { min: 0, max: 1, byLevel: [{ knob: 'tier', level: 'low', min: 0.25, max: 0.5 }] }
    expect(middleWith(share, { tier: 'low' })).toBe(0.375)
  })
})
