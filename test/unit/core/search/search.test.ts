import { describe, expect, it } from 'vitest'
import { fitForestModel } from '@core/search/forestModel'
import { allChoices, cheapestGenes, schemeOf, spaceSize, type SearchProblem } from '@core/search/problem'
import { costRange, runSearch, strategies, type Candidate, type StrategyName } from '@core/search/runSearch'
import { schemeKey, type Scheme } from '@core/quant/scheme'

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

const problemWith = (ratio: number): SearchProblem => ({
  layers,
  macs,
  choices: allChoices(layers),
  cost,
  budget: ratio * int8Cost
})

async function search(
  strategy: StrategyName,
  ratio: number,
  seed = 1,
  evaluations = 32,
  known: Candidate[] = []
) {
  const trace: Candidate[] = []
  let evaluated = 0
  const outcome = await runSearch(problemWith(ratio), {
    strategy,
    evaluations,
    seed,
    accuracyModel: fitForestModel,
    known,
    evaluate: async (scheme) => {
      evaluated++
      return accuracy(scheme)
    },
    onCandidate: (candidate) => trace.push(candidate)
  })
  return { ...outcome, trace, evaluated }
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
    const { best, budgetFeasible, evaluated } = await search(strategy, 0.001)
    expect({ best, budgetFeasible, evaluated }).toEqual({ best: null, budgetFeasible: false, evaluated: 0 })
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
    const problem = problemWith(1)
    expect(spaceSize(problem)).toBe(4 ** 9)
    const odd: SearchProblem = {
      ...problem,
      // On some boards w1 is dearer than w2 (unpacking): the cheapest scheme is not the one with fewest bits.
      cost: (scheme) =>
        scheme.reduce((sum, layer) => sum + (layer.weightBits === 1 ? 9 : layer.weightBits), 0)
    }
    expect(schemeOf(odd, cheapestGenes(odd)).every((layer) => layer.weightBits === 2)).toBe(true)
    expect(costRange(odd).minimumCost).toBe(10)
  })
})
