import { describe, expect, it } from 'vitest'
import { schemeKey, uniformScheme, type Scheme } from '@core/quant/scheme'
import { createRandom } from '@core/math/random'
import { buildCostTable } from '@core/search/costs/costTable'
import { searchLimits } from '@core/search/costs/limits'
import { createSpace, spaceSize, tableCost } from '@core/search/space'
import { strategies } from '@core/search/strategies'
import { createMico, mendedMico, type MicoSettings } from '@core/search/strategies/mico'
import { strategySchema } from '@shared/contract/search'
import type { StrategyName } from '@shared/vocabulary'
import {
  bops,
  int8Cost,
  layers,
  macs,
  search,
  space,
  syntheticMeasure
} from '../../../unit/core/search/syntheticSearch'

const names = Object.keys(strategies) as StrategyName[]

describe.each(names)('search strategy %s', (strategy) => {
  it('keeps the budget, evaluates no scheme twice and stays within its number of evaluations', async () => {
    const { best, trace } = await search({ strategy, evaluations: 24 })
    expect(best!.cost).toBeLessThanOrEqual(0.5 * int8Cost)
    expect(new Set(trace.map((candidate) => schemeKey(candidate.scheme))).size).toBe(trace.length)
    expect(trace.length).toBeLessThanOrEqual(24)
    expect(trace.length).toBeGreaterThan(20)
    const mayWin = strategy === 'micoPublished' ? trace.filter(({ phase }) => phase !== 'initial') : trace
    const feasible = mayWin.filter((candidate) => candidate.feasible)
    expect(best!.loss).toBe(Math.min(...feasible.map((candidate) => candidate.loss)))
  })

  it('evaluates a scheme within the budget however few evaluations it has', async () => {
    // Those that sample without regard to the budget promise nothing for so few.
    if (!['auto', 'integer', 'pairwise', 'additiveGp', 'greedy'].includes(strategy)) return
    for (const evaluations of [2, 3, 4, 5, 6, 7, 8]) {
      const { best, trace } = await search({ strategy, evaluations, budgetRatios: [0.3] })
      expect(trace).toHaveLength(evaluations)
      expect(best!.cost).toBeLessThanOrEqual(0.3 * int8Cost)
    }
  })

  it('gives the same trace for one and for several workers that finish in any order', async () => {
    const one = await search({ strategy, budgetRatios: [0.4], seed: 7, evaluations: 16 })
    const random = createRandom(3)
    // Evaluations of a batch end in a shuffled order, as those of several workers may.
    const shuffled = await search(
      { strategy, budgetRatios: [0.4], seed: 7, evaluations: 16 },
      [],
      async (scheme) => {
        for (let turns = random.integer(6); turns > 0; turns--) await Promise.resolve()
        return syntheticMeasure(scheme)
      }
    )
    expect(shuffled.trace).toEqual(one.trace)
    expect(one.trace.map(({ index }) => index)).toEqual(one.trace.map((_, index) => index))
  })

  it('goes on from a trace that ends inside a batch without evaluating anything twice', async () => {
    const whole = await search({ strategy, budgetRatios: [0.4], seed: 3, evaluations: 18 })
    for (const length of [2, 13]) {
      const resumed = await search(
        { strategy, budgetRatios: [0.4], seed: 3, evaluations: 18 },
        whole.trace.slice(0, length)
      )
      expect(resumed.trace).toEqual(whole.trace)
      expect(resumed.evaluated).toBe(whole.trace.length - length)
    }
  })

  it('begins with the start, which may win, and goes on without trying it again', async () => {
    const start = uniformScheme(layers, 4, 4)
    const { trace, best } = await search({ strategy, evaluations: 12, budgetRatios: [0.5], start })
    const keys = trace.map(({ scheme }) => schemeKey(scheme))
    expect(keys[0]).toBe('w4a8,w4a4,w4a4,w4a4,w4a4')
    expect(new Set(keys).size).toBe(keys.length)
    expect(trace[0]!.feasible).toBe(true)
    expect(best!.loss).toBeLessThanOrEqual(trace[0]!.loss)
    const resumed = await search({ strategy, evaluations: 12, budgetRatios: [0.5], start }, trace.slice(0, 2))
    expect(resumed.trace).toEqual(trace)
  })

  it('reads the first layer in 8 bits, and keeps pins and allowed widths', async () => {
    const pinned = createSpace({
      layers,
      macs,
      costs: [tableCost(bops)],
      allowed: [
        { layer: 'fc3', weightBits: [8], activationBits: [8] },
        { layer: 'conv2', weightBits: [4, 2] }
      ]
    })
    const { trace } = await search({ strategy, space: pinned, evaluations: 16 })
    for (const { scheme } of trace) {
      expect(scheme[0]!.activationBits).toBe(8)
      expect([scheme[4]!.weightBits, scheme[4]!.activationBits]).toEqual([8, 8])
      expect([4, 2]).toContain(scheme[1]!.weightBits)
    }
  })

  it('reports an infeasible budget as a result before anything is evaluated', async () => {
    const { best, isFeasible, evaluated, limits } = await search({ strategy, budgetRatios: [0.001] })
    expect({ best, isFeasible, evaluated }).toEqual({ best: null, isFeasible: false, evaluated: 0 })
    // w1a8 in the first layer, w1a1 in the others.
    expect(limits[0]!.minimumCost).toBe(8 * macs[0]! + macs.slice(1).reduce((sum, value) => sum + value, 0))
  })
})

describe('search', () => {
  it('has the strategies of the contract', () => {
    expect([...strategySchema.options].sort()).toEqual([...names].sort())
  })

  it('proposes batches of fixed size, shorter where a phase ends', async () => {
    const { trace } = await search({ evaluations: 20, batch: 4 })
    const sizes = new Array<number>(trace.at(-1)!.batch + 1).fill(0)
    for (const { batch } of trace) sizes[batch]!++
    // int8 and nine probes, then ten of the model.
    expect(sizes).toEqual([4, 4, 2, 4, 4, 2])
  })

  it.each([
    ['and for the probes of the next one', 'auto', 6],
    ['and no more where losses decide', 'nsga2', 3]
  ] as const)('asks for a whole batch at once, %s', async (_, strategy, expected) => {
    let running = 0
    let most = 0
    await search({ batch: 3, strategy }, [], async (scheme) => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running--
      return syntheticMeasure(scheme)
    })
    expect(most).toBe(expected)
  })

  it('passes on the failure of an evaluation, with those before it in the trace', async () => {
    const seen: number[] = []
    let asked = 0
    await expect(
      search({}, [], async (scheme) => {
        seen.push(asked)
        if (asked++ === 5) throw new Error('worker died')
        return syntheticMeasure(scheme)
      })
    ).rejects.toThrow('worker died')
    // Two batches of four, and the probes of the third that were begun behind the second: ten in all.
    expect(seen).toHaveLength(10)
  })

  it('finds better schemes with the default than at random, on average over seeds', async () => {
    const mean = async (strategy: StrategyName): Promise<number> => {
      const results = await Promise.all(
        [1, 2, 3, 4].map((seed) => search({ strategy, budgetRatios: [0.35], seed, evaluations: 24 }))
      )
      return results.reduce((sum, { best }) => sum + best!.loss, 0) / results.length
    }
    const [auto, mico, random] = [await mean('auto'), await mean('mico'), await mean('random')]
    expect(auto).toBeLessThanOrEqual(mico)
    expect(mico).toBeLessThan(random)
  })

  it('keeps several budgets at once', async () => {
    const size = buildCostTable(5, 'bytes', 100, (layer, weightBits) => macs[4 - layer]! * weightBits)
    const both = createSpace({ layers, macs, costs: [tableCost(bops), tableCost(size)] })
    for (const strategy of names) {
      const { trace, limits } = await search({
        strategy,
        space: both,
        budgetRatios: [0.6, 0.4],
        evaluations: 12
      })
      for (const { costs, feasible } of trace) {
        expect(feasible).toBe(costs[0]! <= limits[0]!.budget && costs[1]! <= limits[1]!.budget)
      }
      expect(trace.some(({ feasible }) => feasible)).toBe(true)
    }
  })

  it('tells two budgets that exclude each other', () => {
    // What is cheap under one is dear under the other.
    const rising = buildCostTable(5, 'bytes', 0, (_layer, weightBits) => weightBits)
    const falling = buildCostTable(5, 'cycles', 0, (_layer, weightBits) => 9 - weightBits)
    const both = createSpace({ layers, macs, costs: [tableCost(rising), tableCost(falling)] })
    expect(searchLimits(both, [0.5, 1]).isFeasible).toBe(false)
    // The second alone may grow to 8 times int8's: null lifts it.
    expect(searchLimits(both, [0.5, null]).isFeasible).toBe(true)
  })

  it('searches without a budget: all 8 bits lose least', async () => {
    const { best, limits } = await search({ budgetRatios: [null] })
    expect(limits[0]!.budget).toBe(Infinity)
    expect(best!.cost).toBe(int8Cost)
  })

  it('minimises the objective that was asked for', async () => {
    // Accuracy and KL disagree about fc3 here.
    const odd = async (scheme: Scheme) => {
      const measure = syntheticMeasure(scheme)
      return { ...measure, accuracy: scheme[4]!.weightBits === 1 ? 0.95 : measure.accuracy }
    }
    const byKl = await search({ evaluations: 48 }, [], odd)
    const byAccuracy = await search({ evaluations: 48, objective: 'accuracy', strategy: 'random' }, [], odd)
    expect(byKl.best!.scheme[4]!.weightBits).toBe(8)
    expect(byAccuracy.best!.accuracy).toBe(0.95)
    expect(byAccuracy.best!.loss).toBeCloseTo(0.05, 12)
  })
})

describe('MiCo search', () => {
  it('as published stops where the budget is below its region of interest, and mended it does not', async () => {
    const published = await search({ strategy: 'micoPublished', budgetRatios: [0.09] })
    expect(published.best).toBeNull()
    expect(published.trace).toHaveLength(10)
    const mended = await search({ strategy: 'mico', budgetRatios: [0.09] })
    expect(mended.best).not.toBeNull()
    expect(mended.trace).toHaveLength(32)
  })

  it('as published needs a budget and never returns an initial scheme; mended it may', async () => {
    expect((await search({ strategy: 'micoPublished', budgetRatios: [1] })).best).toBeNull()
    const { best } = await search({ strategy: 'mico', budgetRatios: [1] })
    expect(best!.phase).toBe('initial')
    expect(best!.accuracy).toBeCloseTo(0.9, 12)
  })
})

describe('search space', () => {
  it('counts 4^(2L-1) schemes and finds the cheapest also where fewer bits are dearer', () => {
    expect(spaceSize(space)).toBe(4 ** 9)
    // On some boards w1 is dearer than w2 (unpacking): the cheapest scheme is not the one with fewest bits.
    const table = buildCostTable(5, 'cycles', 0, (layer, weightBits) =>
      weightBits === 1 ? 9 : weightBits === 2 && layer === 0 ? 8.5 : weightBits
    )
    const odd = createSpace({ layers, macs, costs: [tableCost(table)] })
    expect(searchLimits(odd, [1]).limits[0]!.minimumCost).toBe(4 + 4 * 2)
  })

  it('refuses costs that are no positive numbers, unknown layers and layers without a width', () => {
    const bad = tableCost(buildCostTable(5, 'bops', 0, () => NaN))
    const refuse = (act: () => unknown): void =>
      expect(act).toThrow(expect.objectContaining({ code: 'search.invalid' }))
    refuse(() => searchLimits(createSpace({ layers, macs, costs: [bad] }), [0.5]))
    refuse(() => searchLimits(space, [0.5, 0.5]))
    const costs = [tableCost(bops)]
    refuse(() => createSpace({ layers, macs, costs, allowed: [{ layer: 'fc9', weightBits: [8] }] }))
    refuse(() => createSpace({ layers, macs, costs, allowed: [{ layer: 'fc1', weightBits: [] }] }))
  })
})

describe('sampling of the published search', () => {
  const guidedCosts = async (sampling: MicoSettings['sampling']) => {
    const using = createMico({ ...mendedMico, refineShare: 0, sampling })
    const { trace } = await search({ strategy: 'mico', using, budgetRatios: [0.8], evaluations: 32 })
    return trace.filter(({ phase }) => phase === 'search').map(({ cost }) => cost / int8Cost)
  }

  it('near the budget stays in its window; uniform draws from all that fit', async () => {
    const near = await guidedCosts('nearBudget')
    const uniform = await guidedCosts('uniform')
    // The window reaches 0.1 to 0.3 of int8 below the budget.
    expect(Math.min(...near)).toBeGreaterThanOrEqual(0.5)
    expect(Math.min(...uniform)).toBeLessThan(0.5)
    expect(Math.max(...near, ...uniform)).toBeLessThanOrEqual(0.8)
    expect(uniform).toHaveLength(near.length)
  })
})
