import { describe, expect, it } from 'vitest'
import { schemeKey, type Scheme } from '@core/quant/scheme'
import type { Candidate } from '@core/search/candidate'
import { runSearch, searchLimits, strategies, type StrategyName } from '@core/search/runSearch'
import { spaceSize, type SearchSpace } from '@core/search/space'

const layers = ['conv1', 'conv2', 'fc1', 'fc2', 'fc3']
const macs = [86_400, 153_600, 30_720, 10_080, 840]
const cost = (scheme: Scheme): number =>
  scheme.reduce((sum, layer, index) => sum + macs[index]! * layer.weightBits * layer.activationBits, 0)
const int8Cost = 64 * macs.reduce((sum, value) => sum + value, 0)

/** A synthetic network: every lost bit costs accuracy, most in the first and last layers. */
const sensitivity = [0.05, 0.008, 0.004, 0.006, 0.04]
const accuracy = (scheme: Scheme): number =>
  0.9 -
  scheme.reduce((sum, layer, index) => {
    const lost = Math.log2(8 / layer.weightBits) ** 2 + 0.7 * Math.log2(8 / layer.activationBits) ** 2
    return sum + sensitivity[index]! * lost
  }, 0)

const space: SearchSpace = { layers, macs, cost }

async function search(
  strategy: StrategyName,
  budgetRatio: number,
  seed = 1,
  evaluations = 32,
  known: Candidate[] = []
) {
  let evaluated = 0
  const outcome = await runSearch(
    { space, strategy, budgetRatio, seed, evaluations },
    {
      known,
      evaluate: async (scheme) => {
        evaluated++
        return accuracy(scheme)
      }
    }
  )
  return { ...outcome, evaluated }
}

describe.each(Object.keys(strategies) as StrategyName[])('search strategy %s', (strategy) => {
  it('keeps the budget, evaluates no scheme twice and stays within its number of evaluations', async () => {
    const { best, trace } = await search(strategy, 0.5)
    expect(best!.cost).toBeLessThanOrEqual(0.5 * int8Cost)
    expect(new Set(trace.map((candidate) => schemeKey(candidate.scheme))).size).toBe(trace.length)
    expect(trace.length).toBeLessThanOrEqual(32)
    const feasible = trace.filter((candidate) => candidate.feasible)
    expect(best!.accuracy).toBe(Math.max(...feasible.map((candidate) => candidate.accuracy)))
  })

  it('gives the same trace for the same seed', async () => {
    const [first, second] = [await search(strategy, 0.4, 7), await search(strategy, 0.4, 7)]
    expect(second.trace).toEqual(first.trace)
  })

  it('goes on from a trace without evaluating anything twice', async () => {
    const whole = await search(strategy, 0.4, 3)
    const resumed = await search(strategy, 0.4, 3, 32, whole.trace.slice(0, 10))
    expect(resumed.trace).toEqual(whole.trace)
    expect(resumed.evaluated).toBe(whole.evaluated - 10)
  })

  it('reads the first layer in 8 bits always', async () => {
    const { trace } = await search(strategy, 0.3)
    for (const { scheme } of trace) expect(scheme[0]!.activationBits).toBe(8)
  })

  it('reports an infeasible budget as a result', async () => {
    const { best, isFeasible, evaluated } = await search(strategy, 0.001)
    expect({ best, isFeasible, evaluated }).toEqual({ best: null, isFeasible: false, evaluated: 0 })
  })
})

describe('MiCo search', () => {
  it('finds better schemes than random ones with the same evaluations, on average over seeds', async () => {
    const mean = async (strategy: StrategyName): Promise<number> => {
      const results = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => search(strategy, 0.35, seed)))
      return results.reduce((sum, { best }) => sum + best!.accuracy, 0) / results.length
    }
    expect(await mean('mico')).toBeGreaterThan(await mean('random'))
  })

  it('does not stop where the budget is below its region of interest', async () => {
    // The published method aborts when budget / max <= roi (0.1 .. 0.3).
    const { best, trace } = await search('mico', 0.15)
    expect(best).not.toBeNull()
    expect(trace.length).toBe(32)
  })

  it('lets an initial scheme be the best', async () => {
    const { best } = await search('mico', 1)
    expect(best!.phase).toBe('initial')
    expect(best!.accuracy).toBeCloseTo(0.9, 12)
  })
})

describe('search space', () => {
  it('counts 4^(2L-1) schemes and finds the cheapest also where fewer bits are dearer', () => {
    expect(spaceSize(layers.length)).toBe(4 ** 9)
    // On some boards w1 is dearer than w2 (unpacking): the cheapest scheme is not the one with fewest bits.
    const odd: SearchSpace = {
      ...space,
      cost: (scheme) =>
        scheme.reduce(
          (sum, { weightBits }, index) =>
            sum + (weightBits === 1 ? 9 : weightBits === 2 && index === 0 ? 8.5 : weightBits),
          0
        )
    }
    expect(searchLimits(odd, 1).minimumCost).toBe(4 + 4 * 2)
  })

  it('refuses a cost that is no positive number', () => {
    expect(() => searchLimits({ ...space, cost: () => NaN }, 0.5)).toThrow(
      expect.objectContaining({ code: 'search.invalid' })
    )
  })
})
