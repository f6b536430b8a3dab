import { describe, expect, it } from 'vitest'
import { runSearch } from '@core/search/runSearch'
import { createListing } from '@core/search/proposals/listing'
import { searchLimits } from '@core/search/costs/limits'
import { sixBatches as plan, space, syntheticMeasure } from '../syntheticSearch'

const { limits } = searchLimits(space, plan.budgetRatios)
const never = (): boolean => false

describe('listing of maximal schemes', () => {
  it('lists in pieces what is listed at once', async () => {
    const expected = createListing(space, limits).whole()!
    expect(expected.length).toBeGreaterThan(10)
    const listing = createListing(space, limits)
    let pauses = 0
    await listing.inPieces(async () => void pauses++, never)
    expect(pauses).toBeGreaterThan(10)
    expect(listing.whole()).toEqual(expected)
  })

  it('is whole where it is read in the middle', async () => {
    const listing = createListing(space, limits)
    let inTheMiddle: unknown = null
    await listing.inPieces(async () => void (inTheMiddle ??= listing.whole()), never)
    expect(inTheMiddle).toEqual(createListing(space, limits).whole())
  })

  it('ends early when it is stopped', async () => {
    let pauses = 0
    await createListing(space, limits).inPieces(
      async () => void pauses++,
      () => pauses === 3
    )
    expect(pauses).toBe(3)
  })
})

describe('a search that lists while it evaluates', () => {
  it.each(['auto', 'integer', 'pairwise', 'additiveGp', 'randomMaximal', 'random', 'greedy'] as const)(
    'has the trace of one that does not: %s',
    async (strategy) => {
      const evaluate = async (scheme: Parameters<typeof syntheticMeasure>[0]) => syntheticMeasure(scheme)
      const plain = await runSearch({ ...plan, strategy }, { evaluate })
      const paused = await runSearch({ ...plan, strategy }, { evaluate, pause: async () => undefined })
      expect(paused.trace).toHaveLength(24)
      expect(paused.trace).toEqual(plain.trace)
    }
  )

  it('begins the list beside the first evaluations, not before them', async () => {
    const events: string[] = []
    await runSearch(
      { ...plan, strategy: 'auto', evaluations: 12 },
      {
        evaluate: async (scheme) => {
          events.push('evaluate')
          return syntheticMeasure(scheme)
        },
        pause: async () => void events.push('pause')
      }
    )
    // The first batch and, behind it, the probes that follow.
    expect(events.indexOf('pause')).toBeGreaterThanOrEqual(4)
    expect(events.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => 'evaluate'))
  })

  it('ends with a stop in the middle of the list', async () => {
    const signal = { aborted: false }
    let evaluated = 0
    const { trace } = await runSearch(
      { ...plan, strategy: 'auto' },
      {
        signal,
        evaluate: async (scheme) => {
          evaluated++
          return syntheticMeasure(scheme)
        },
        pause: async () => {
          if (evaluated >= 4) signal.aborted = true
        }
      }
    )
    // The first batch, and the one that is begun behind it.
    expect(evaluated).toBe(8)
    expect(trace.length).toBeLessThanOrEqual(4)
  })
})
