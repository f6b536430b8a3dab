import { describe, expect, it } from 'vitest'
import { sensitivityOfImpacts, sensitivityStrategies } from '@core/search/loss/givenSensitivity'
import type { ImpactChange } from '@shared/contract/workload/workloadRows'
import { layers, search } from '../syntheticSearch'

const impact = (layer: string, change: ImpactChange, value: number | null) => ({
  ...{ layer, change },
  klNats: {
    ...{ value, low: null, high: null, n: 8, origin: 'measured' as const },
    ...{ verdict: 'VALID' as const, reason: null }
  }
})

describe('sensitivities from the impact of layers', () => {
  it('finds layers by name or by the module path of the operator, and takes int4 where it has as many', () => {
    const rows = [
      ...['h.fc1', 'h.fc2', 'out'].map((layer, at) => impact(layer, 'int4', at + 1)),
      ...['h.fc1', 'h.fc2', 'out'].map((layer, at) => impact(layer, 'mean', 10 * (at + 1)))
    ]
    expect(sensitivityOfImpacts(['/h/fc1/Gemm', '/h/fc2/Gemm', 'out'], rows, 'net')).toEqual({
      ...{ change: 'int4', losses: [1, 2, 3], matched: 3, bits: 4 }
    })
  })

  it('takes the change that most layers have: a convolution has no int4', () => {
    const rows = [
      impact('conv', 'int8', 0.1),
      impact('fc1', 'int8', 0.2),
      impact('fc2', 'int8', null),
      impact('fc1', 'int4', 1)
    ]
    const { change, losses, bits } = sensitivityOfImpacts(['conv', 'fc1', 'fc2'], rows, 'net')
    expect({ change, losses, bits }).toEqual({ change: 'int8', losses: [0.1, 0.2, null], bits: 2 })
  })

  it('refuses the run of a network with other layers', () => {
    expect(() => sensitivityOfImpacts(['a', 'b'], [impact('x', 'mean', 1)], 'other')).toThrow(
      /run of other knows the impact of 0 of the 2 layers/
    )
  })

  it.each([...sensitivityStrategies])('%s tries a search scheme right after all-8-bit', async (strategy) => {
    const sensitivity = { losses: [0.001, 0.5, 0.002, null, 0.001], bits: 4 as const }
    const { trace } = await search({ strategy, sensitivity, evaluations: 6, batch: 2, budgetRatios: [0.6] })
    expect(trace[0]!.scheme.every(({ weightBits }) => weightBits === 8)).toBe(true)
    expect(trace.slice(1).every(({ phase }) => phase !== 'initial')).toBe(true)
    // The second layer loses most by what was given, though it is not the one that really does.
    const first = trace[1]!.scheme
    const least = Math.min(...first.map(({ weightBits }) => weightBits))
    expect(first[layers.indexOf('conv2')]!.weightBits).toBe(8)
    expect(least).toBeLessThan(8)
  })
})
