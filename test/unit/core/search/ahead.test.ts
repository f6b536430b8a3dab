import { describe, expect, it } from 'vitest'
import { schemeKey, uniformScheme } from '@core/quant/scheme'
import { runSearch, type SearchHooks } from '@core/search/runSearch'
import { strategies as searchStrategies } from '@core/search/strategies'
import { sixBatches as plan, space, syntheticMeasure } from './syntheticSearch'

const strategies = ['auto', 'integer', 'pairwise', 'additiveGp', 'greedy', 'random', 'nsga2'] as const

/** Evaluates one scheme at a time, in the order in which they are started. */
function oneByOne(): Pick<SearchHooks, 'evaluate'> & { readonly started: string[] } {
  const started: string[] = []
  let last: Promise<unknown> = Promise.resolve()
  return {
    started,
    evaluate(scheme) {
      started.push(schemeKey(scheme))
      const measure = last.then(() => syntheticMeasure(scheme))
      last = measure
      return measure
    }
  }
}

describe('evaluations that begin before the batch before them has ended', () => {
  it.each(strategies)('are each made once and change no trace: %s', async (strategy) => {
    const hooks = oneByOne()
    const { trace } = await runSearch({ ...plan, strategy }, hooks)
    expect(new Set(hooks.started).size).toBe(hooks.started.length)
    expect([...hooks.started].sort()).toEqual(trace.map(({ scheme }) => schemeKey(scheme)).sort())
    const using = { ...searchStrategies[strategy] }
    delete using.upcoming
    const waiting = await runSearch({ ...plan, strategy, using }, oneByOne())
    expect(waiting.trace).toEqual(trace)
  })

  it('are the probes of the next batch, while losses do not decide', async () => {
    const started: string[] = []
    const never = new Promise<never>(() => undefined)
    void runSearch(
      { ...plan, strategy: 'auto' },
      {
        evaluate(scheme) {
          started.push(schemeKey(scheme))
          return never
        }
      }
    )
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(started).toHaveLength(8)
  })

  it('are none where losses decide', async () => {
    const started: string[] = []
    void runSearch(
      { ...plan, strategy: 'nsga2' },
      {
        evaluate(scheme) {
          started.push(schemeKey(scheme))
          return new Promise<never>(() => undefined)
        }
      }
    )
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(started).toHaveLength(4)
  })

  it('end a search with their failure in its turn', async () => {
    let count = 0
    const search = runSearch(
      { ...plan, strategy: 'auto' },
      {
        evaluate: (scheme) =>
          ++count === 7 ? Promise.reject(new Error('broken')) : Promise.resolve(syntheticMeasure(scheme))
      }
    )
    await expect(search).rejects.toThrow('broken')
  })

  it('do not go beyond the number of evaluations', async () => {
    const hooks = oneByOne()
    const { trace } = await runSearch({ ...plan, evaluations: 6, strategy: 'auto' }, hooks)
    expect(trace).toHaveLength(6)
    expect(hooks.started).toHaveLength(6)
  })

  it('leave out the scheme that a search starts from', async () => {
    const hooks = oneByOne()
    const start = uniformScheme(space.layers, 8, 8)
    const { trace } = await runSearch({ ...plan, start, strategy: 'auto' }, hooks)
    expect(new Set(hooks.started).size).toBe(hooks.started.length)
    expect(trace).toHaveLength(24)
  })
})
