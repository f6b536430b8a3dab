import { describe, expect, it } from 'vitest'
import { costAxes, paretoPoints, placeText } from '@renderer/views/search/paretoAxes'
import { useSchemeCosts } from '@renderer/stores/schemeCosts'
import type { SearchSummary } from '@renderer/stores/search'
import type { CandidateJson } from '@shared/contract/search'
import { withClient } from '../stores/withClient'

const candidate = (index: number, accuracy: number, cost: number, loss = 1): CandidateJson =>
  ({
    ...{ index, accuracy, cost, costs: [cost], loss },
    scheme: [{ layer: 'fc', weightBits: index % 2 === 0 ? 8 : 4, activationBits: 8 }]
  }) as unknown as CandidateJson
const fronts = (trace: CandidateJson[], axes: Parameters<typeof paretoPoints>[1], size: number[] = []) =>
  paretoPoints(
    trace,
    axes,
    (kind, { index, cost }) => (kind === 'size' ? (size[index] ?? null) : cost),
    'accuracy'
  )
    .filter(({ isFront }) => isFront)
    .map((one) => one.candidate.index)

describe('a place on an axis', () => {
  it('keeps the digits of a small loss and of an accuracy', () => {
    expect(placeText('loss', 0.0043217)).toBe('0.004322')
    expect(placeText('accuracy', 97.256)).toBe('97.26')
    expect(placeText('bops', 3_040_000)).toBe('3.04 M')
  })
})

describe('the front of a search', () => {
  const trace = [
    candidate(0, 0.9, 10),
    candidate(1, 0.8, 5),
    // Beaten by 1: as cheap and less accurate.
    candidate(2, 0.7, 5),
    // Beaten by 0 in accuracy and cost, but smaller than all others.
    candidate(3, 0.85, 12)
  ]

  it('prefers more accuracy and less of everything else', () => {
    expect(fronts(trace, ['bops', 'accuracy'])).toEqual([0, 1])
    expect(fronts(trace, ['accuracy', 'bops'])).toEqual([0, 1])
  })

  it('grows with a third axis, and leaves out schemes whose cost is unknown', () => {
    expect(fronts(trace, ['bops', 'accuracy', 'size'], [4, 4, 4, 1])).toEqual([0, 1, 3])
    expect(fronts(trace, ['bops', 'accuracy', 'size'], [4])).toEqual([0])
    expect(costAxes(['accuracy', 'size', 'loss', 'proxy'])).toEqual(['size', 'proxy'])
  })

  it('keeps one of equal schemes', () => {
    expect(fronts([candidate(0, 0.5, 1), candidate(1, 0.5, 1)], ['bops', 'accuracy'])).toEqual([0])
  })
})

describe('costs that a search did not budget', () => {
  const search = {
    request: { modelId: 'm', proxyId: null, cost: 'bops', alsoWithin: [{ cost: 'ram', ratio: 1 }] }
  } as unknown as SearchSummary

  it('are read once per scheme; budgeted ones come from the search', async () => {
    const asked: string[] = []
    withClient({
      'search.cost': ({ cost, scheme }: { cost: string; scheme: { weightBits: number }[] }) => {
        asked.push(`${cost} ${scheme[0]!.weightBits}`)
        return { cost: 100 * scheme[0]!.weightBits, baselineCost: 800, unit: 'bytes' } as never
      }
    })
    const store = useSchemeCosts()
    const trace = [candidate(0, 0.9, 10), candidate(1, 0.8, 5)]
    await store.read.run(search, ['bops', 'size'], trace)
    await store.read.run(search, ['size'], trace)
    expect(asked).toEqual(['size 8', 'size 4'])
    expect(trace.map((one) => store.costOf(search, 'size', one))).toEqual([800, 400])
    expect(trace.map((one) => store.costOf(search, 'bops', one))).toEqual([10, 5])
    expect(store.costOf(search, 'ram', trace[0]!)).toBeNull()
    expect(store.left).toBe(0)
  })
})
