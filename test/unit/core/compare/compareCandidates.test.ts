import { describe, expect, it } from 'vitest'
import { compareCandidates, type CandidateSearch } from '@core/compare/compareCandidates'
import type { CandidateJson } from '@shared/contract/search'

const search = {
  metric: 'accuracy',
  request: { cost: 'proxy', alsoWithin: [{ cost: 'size', ratio: 0.5 }] },
  ...{ costUnit: 'cycles', otherLimits: [{ unit: 'bytes' }] }
} as unknown as CandidateSearch
const candidate = (change: Partial<CandidateJson>, weightBits: number): CandidateJson =>
  ({
    scheme: [
      { layer: 'conv', weightBits: 8, activationBits: 8 },
      { layer: 'fc', weightBits, activationBits: 4 }
    ],
    ...{ accuracy: 0.9, loss: 0.25, cost: 200, costs: [200, 64] },
    versusInt8: { difference: 0, margin: 0.1, images: 100 },
    ...change
  }) as unknown as CandidateJson

describe('candidates of a search', () => {
  const second = candidate({ accuracy: 0.8, loss: 0.5, cost: 100, costs: [100, 48] }, 2)

  it('are compared in score, loss, every cost and the bits of every layer', () => {
    const { figures, rows } = compareCandidates(search, [candidate({}, 4), second])
    expect(figures.map(({ name, unit, values, against }) => [name, unit, values, against[1]?.value])).toEqual(
      [
        ['Accuracy on the search items', 'share', [0.9, 0.8], expect.closeTo(-0.1, 12)],
        ['Loss', 'loss', [0.25, 0.5], 0.25],
        ['Cost: latency', 'cycles', [200, 100], 0.5],
        ['Cost: weight size', 'bytes', [64, 48], 0.75]
      ]
    )
    // Agresti and Caffo by hand: 81 / 102 - 91 / 102, variances p (1 - p) / 102.
    const variance = ((91 / 102) * (11 / 102) + (81 / 102) * (21 / 102)) / 102
    const low = -10 / 102 - 1.959963985 * Math.sqrt(variance)
    expect(figures[0]!.against[1]!.low).toBeCloseTo(low, 9)
    expect(rows).toEqual([
      { name: 'conv', cells: ['w8a8', 'w8a8'] },
      { name: 'fc', cells: ['w4a4', 'w2a4'] }
    ])
  })

  it('have no interval of a score that is no share of items', () => {
    const { figures } = compareCandidates({ ...search, metric: 'AUC' }, [candidate({}, 4), second])
    expect(figures[0]).toMatchObject({ name: 'AUC on the search items', unit: 'score' })
    expect(figures[0]!.against[1]).toEqual({ value: expect.closeTo(-0.1, 12), low: null, high: null })
    const before = [candidate({ versusInt8: null }, 4), second]
    expect(compareCandidates(search, before).figures[0]!.against[1]!.low).toBeNull()
  })
})
