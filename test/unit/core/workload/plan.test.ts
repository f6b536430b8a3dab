import { describe, expect, it } from 'vitest'
import {
  coolingSecondsLeft,
  planSteps,
  remainingTrials,
  secondsLeft
} from '../../../../src/core/workload/plan'
import { workloadRequestSchema } from '../../../../src/shared/contract/workload'
import { stepKindSchema } from '../../../../src/shared/contract/workload/workloadProtocol'

const ids = [
  'benchmark:fp32',
  'benchmark:int8Dynamic',
  'benchmark:int4',
  'layer:a',
  'layer:b',
  'predictions:baseline',
  'predictions:precision:int4',
  'predictions:mean:a',
  'predictions:zero:a',
  'predictions:int8:a',
  'predictions:int4:a'
]
const offered = ids.map((id) => ({ id, kind: stepKindSchema.parse(id.split(':')[0]) }))
const requestOf = (more: object) =>
  workloadRequestSchema.parse({ runner: { kind: 'onnx', model: 'm' }, ...more })
const chosen = (more: object): string[] => planSteps(offered, requestOf(more), 200).map(({ id }) => id)

describe('the plan of a workload run', () => {
  it('takes everything but the ablations that were not asked for', () => {
    expect(chosen({})).toEqual(ids.filter((id) => id !== 'predictions:zero:a'))
    expect(chosen({ ablations: ['zero'] })).not.toContain('predictions:mean:a')
  })

  it('keeps fp32 and the original with any choice of precisions', () => {
    expect(chosen({ precisions: ['int4'] })).toEqual(
      ids.filter((id) => !id.includes('int8') && id !== 'predictions:zero:a')
    )
  })

  it('refuses a choice that leaves nothing', () => {
    expect(() => planSteps(offered.slice(3, 5), requestOf({ kinds: ['benchmark'] }), 200)).toThrow(
      /none of the steps/
    )
  })

  it('does the original first, then rounds in orders of their own, and skips what is done', () => {
    const steps = planSteps(offered, requestOf({ trials: 3 }), 200)
    const order = remainingTrials(steps, 1).map(({ id }) => id)
    expect(order[0]).toBe('predictions:baseline')
    const timed = order.filter((id) => !id.startsWith('predictions'))
    expect(timed).toHaveLength(15)
    const rounds = [0, 5, 10].map((from) => timed.slice(from, from + 5))
    for (const round of rounds) expect([...round].sort()).toEqual(ids.slice(0, 5).sort())
    expect(new Set(rounds.map(String)).size).toBeGreaterThan(1)

    const layer = steps.find(({ id }) => id === 'layer:a')!
    layer.trialsDone = 2
    const left = remainingTrials(steps, 1).filter((step) => step === layer)
    expect(left).toHaveLength(1)
  })

  it('knows how long the rest takes', () => {
    const steps = planSteps(offered.slice(3, 5), requestOf({ trials: 4 }), 1000)
    // 1 s of phase with half of it to warm up, 0.3 s around: 1.8 s for each of 8 trials.
    expect(secondsLeft(steps)).toBeCloseTo(14.4, 6)
    steps[0]!.state = 'failed'
    expect(secondsLeft(steps)).toBeCloseTo(7.2, 6)
  })

  it('knows how long the waits for a cool GPU take at most: before every open trial that is timed', () => {
    const steps = planSteps(offered.slice(3, 6), requestOf({ trials: 4 }), 1000)
    expect(coolingSecondsLeft(steps, 10_000)).toBe(80)
    steps[0]!.trialsDone = 3
    expect(coolingSecondsLeft(steps, 10_000)).toBe(50)
    steps[1]!.state = 'done'
    expect(coolingSecondsLeft(steps, 10_000)).toBe(10)
    expect(coolingSecondsLeft(steps, 0)).toBe(0)
  })
})
