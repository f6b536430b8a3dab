import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import type { Candidate } from '@core/search/candidate'
import { isMaximal } from '@core/search/proposals/maximal'
import { fits, searchLimits } from '@core/search/costs/limits'
import { maximalPool } from '@core/search/proposals/pool'
import { sumOfLosses } from '@core/search/loss/probes'
import { sampleWindow } from '@core/search/proposals/sampler'
import { buildCostTable } from '@core/search/costs/costTable'
import {
  createSpace,
  genesKey,
  genesOfScheme,
  schemeOfGenes,
  tableCost,
  type Genes,
  type SearchSpace
} from '@core/search/space'
import type { SearchState, Strategy } from '@core/search/strategy'
import { gpEiStrategy } from '@core/search/strategies/gpEi'
import { nsga2Strategy } from '@core/search/strategies/nsga2'
import { policyStrategy } from '@core/search/strategies/policy'
import { tpeStrategy } from '@core/search/strategies/tpe'
import { search, syntheticMeasure } from './syntheticSearch'

/** Ten equal layers whose cost is their bits: any change of a gene shows in the cost by the same amount. */
const names = Array.from({ length: 10 }, (_, at) => `fc${at}`)
const table = buildCostTable(names.length, 'bops', 0, (_, weight, activation) => 100 * weight * activation)
const space: SearchSpace = createSpace({
  layers: names,
  macs: names.map(() => 100),
  costs: [tableCost(table)]
})
const limits = searchLimits(space, [1])
const positions = space.choices.length

function stateOf(history: readonly Candidate[], more: Partial<SearchState> = {}): SearchState {
  return {
    ...{
      space,
      limits: limits.limits,
      cheapest: limits.cheapest,
      objective: 'kl',
      evaluations: 100,
      history
    },
    seen: new Set(history.map(({ scheme }) => genesKey(genesOfScheme(scheme, space.widths)))),
    ...{ random: createRandom(4), maximal: () => null, ...more }
  }
}

function candidate(index: number, genes: Genes, loss: number): Candidate {
  const scheme = schemeOfGenes(space, genes)
  const cost = space.costs[0]!.of(genes)
  return {
    ...syntheticMeasure([]),
    ...{ index, batch: index, scheme, cost, costs: [cost], loss, kl: loss, feasible: true },
    ...{ phase: 'search', expectedLoss: null }
  }
}
/** Genes with one value at every free position. */
const filled = (gene: (at: number) => number): Genes =>
  Uint8Array.from(space.choices, (allowed, at) => (allowed.length === 1 ? allowed[0]! : gene(at)))

/** Share of proposed genes at free positions with this value. */
function shareOf(strategy: Strategy, state: SearchState, count: number, gene: number): number {
  const proposals = strategy.propose(state, count)
  const free = space.choices.flatMap((allowed, at) => (allowed.length > 1 ? [at] : []))
  const all = proposals.flatMap(({ genes }) => free.map((at) => genes[at]!))
  return all.filter((value) => value === gene).length / all.length
}

/** 40 schemes: a quarter of small loss with genes 1 and 3 in turn, the others with 0 and 2. */
const telling = Array.from({ length: 40 }, (_, index) => {
  const isGood = index % 4 === 0
  const random = createRandom(index)
  const genes = filled(() => (isGood ? [1, 3] : [0, 2])[random.integer(2)]!)
  return candidate(index, genes, isGood ? 0.01 : 1)
})

describe('strategies that learn from what was evaluated', () => {
  it('gpEi and tpe begin with a quarter of their evaluations, at least four', async () => {
    for (const strategy of ['gpEi', 'tpe'] as const)
      for (const [evaluations, initial] of [
        [24, 6],
        [10, 4]
      ] as const) {
        const { trace } = await search({ strategy, evaluations, batch: 3, budgetRatios: [0.6] })
        expect(trace.filter(({ phase }) => phase === 'initial').length, strategy).toBe(initial)
      }
  })

  it('tpe draws what the best quarter has, both of its values', () => {
    const state = (): SearchState => stateOf(telling)
    const shares = [0, 1, 2, 3].map((gene) => shareOf(tpeStrategy, state(), 12, gene))
    expect(shares[1]! + shares[3]!).toBeGreaterThan(0.9)
    expect(Math.min(shares[1]!, shares[3]!)).toBeGreaterThan(0.25)
  })

  it('the policy draws what scored better more often, and never leaves the allowed genes', () => {
    const good = filled(() => 1)
    const bad = filled(() => 2)
    const history = Array.from({ length: 30 }, (_, index) =>
      candidate(index, index % 2 === 0 ? good : bad, index % 2 === 0 ? 0.001 : 2)
    )
    const liked = shareOf(policyStrategy, stateOf(history), 20, 1)
    const disliked = shareOf(policyStrategy, stateOf(history), 20, 2)
    expect(liked).toBeGreaterThan(0.3)
    expect(liked).toBeGreaterThan(1.5 * disliked)
  })

  it('the policy learns in layers that have two widths only', () => {
    const two = createSpace({
      layers: names,
      macs: names.map(() => 100),
      costs: [tableCost(table)],
      allowed: names.map((layer) => ({ layer, weightBits: [8, 4], activationBits: [8, 4] }))
    })
    const narrow = searchLimits(two, [1])
    const [low, high] = two.choices[0]!
    const history = Array.from({ length: 30 }, (_, index) =>
      candidate(
        index,
        Uint8Array.from(two.choices, () => (index % 2 === 0 ? low! : high!)),
        index % 2 === 0 ? 0.001 : 2
      )
    )
    const state = (): SearchState =>
      stateOf(history, { space: two, limits: narrow.limits, cheapest: narrow.cheapest })
    const [liked, disliked] = [low!, high!].map((gene) => shareOf(policyStrategy, state(), 20, gene))
    expect(liked! + disliked!).toBe(1)
    expect(liked!).toBeGreaterThan(0.55)
  })

  it('nsga2 crosses its parents in most children, and changes about one gene besides', () => {
    // Neither is better: the less it loses the more it costs.
    const parents = [0, 3].map((gene) =>
      Array.from({ length: 8 }, (_, at) =>
        candidate(
          at,
          filled((place) => (place === at ? 1 : gene)),
          gene === 0 ? 0.1 : 1
        )
      )
    )
    const proposals = nsga2Strategy.propose(stateOf(parents.flat()), 60)
    const mixed = proposals.filter(({ genes }) => {
      const counts = [0, 3].map((gene) => [...genes].filter((value) => value === gene).length)
      return Math.min(...counts) >= 4
    })
    expect(proposals).toHaveLength(60)
    // Two parents of different kinds come in about half of the draws; 0.9 of them are crossed.
    expect(mixed.length / proposals.length).toBeGreaterThan(0.25)
  })

  it('gpEi proposes what loses less than most of what it knows, and expects about that', () => {
    const random = createRandom(9)
    const lossOf = (genes: Genes): number => 0.05 + 0.02 * [...genes].reduce((sum, gene) => sum + gene, 0)
    const history = Array.from({ length: 40 }, (_, index) => {
      const genes = filled(() => random.integer(4))
      return candidate(index, genes, lossOf(genes))
    })
    const [proposal] = gpEiStrategy.propose(stateOf(history), 1)
    expect(proposal!.phase).toBe('search')
    const losses = history.map(({ loss }) => loss).sort((a, b) => a - b)
    expect(lossOf(proposal!.genes)).toBeLessThan(losses[20]!)
    expect(proposal!.expectedLoss!).toBeLessThan(losses[20]!)
  })
})

describe('the pool that a model ranks', () => {
  const losses = Float64Array.from({ length: names.length * 16 }, (_, at) => 0.01 + (at % 16) * 0.02)
  const tight = searchLimits(space, [0.3])
  const state = (history: readonly Candidate[] = []): SearchState =>
    stateOf(history, { limits: tight.limits, cheapest: tight.cheapest })

  it('has many maximal schemes within the budget, none seen, each once', () => {
    const [first] = maximalPool(state(), losses, null)
    const seen = candidate(0, first!, 0.3)
    const pool = maximalPool(state([seen]), losses, seen)
    // Four disturbed programs and the exact one give at most five: the rest are neighbours.
    expect(pool.length).toBeGreaterThan(20)
    expect(pool.length).toBeLessThanOrEqual(80)
    expect(new Set(pool.map(genesKey)).size).toBe(pool.length)
    expect(pool.map(genesKey)).not.toContain(genesKey(first!))
    for (const genes of pool) expect(isMaximal(space, tight.limits, genes)).toBe(true)
  })

  it('holds the best scheme, or nearly, under a cost that also counts changes of bits', () => {
    const layers = Array.from({ length: 7 }, (_, at) => `fc${at}`)
    const sum = tableCost(buildCostTable(layers.length, 'cycles', 0, (layer, bits) => (10 + layer) * bits))
    const changes = (genes: Genes): number =>
      layers.reduce((count, _, at) => count + (at > 0 && genes[2 * at] !== genes[2 * at - 2] ? 1 : 0), 0)
    const fetching = createSpace({
      layers,
      macs: layers.map(() => 100),
      costs: [{ ...sum, isSum: false, of: (genes) => sum.of(genes) + 40 * changes(genes) }],
      allowed: layers.map((layer) => ({ layer, activationBits: [8] }))
    })
    const within = searchLimits(fetching, [0.4])
    const all = Array.from({ length: 4 ** layers.length }, (_, code) =>
      Uint8Array.from({ length: 14 }, (__, at) => (at % 2 === 1 ? 0 : (code >> at) & 3))
    ).filter((genes) => fits(fetching, within.limits, genes))
    const overLeast = Array.from({ length: 9 }, (_, seed) => {
      const random = createRandom(seed)
      const expected = new Float64Array(layers.length * 16)
      for (const layer of layers.keys()) {
        const worth = Math.exp(2 * random.normal())
        for (const gene of [0, 1, 2, 3]) {
          const from = layer * 16 + gene * 4
          expected.fill(worth * gene ** 2, from, from + 4)
        }
      }
      const leastOf = (schemes: readonly Genes[]): number =>
        schemes.reduce((least, genes) => Math.min(least, sumOfLosses(expected, genes)), Infinity)
      const bare = stateOf([], { space: fetching, limits: within.limits, cheapest: within.cheapest })
      return leastOf(maximalPool(bare, expected, null)) / leastOf(all)
    })
    expect(overLeast.filter((ratio) => ratio < 1.1).length).toBeGreaterThanOrEqual(7)
  })

  it('lists the whole of a space that can be listed, without what was seen', () => {
    const listed = [filled(() => 1), filled(() => 2)]
    const pool = maximalPool({ ...state([candidate(0, listed[0]!, 1)]), maximal: () => listed }, losses, null)
    expect(pool).toEqual([listed[1]])
    expect(positions).toBe(2 * names.length)
  })
})

describe('schemes within a window of costs', () => {
  it('have a first cost from its lower end on; other costs have no lower end', () => {
    // The second cost is a few units where the first is thousands.
    const small = buildCostTable(
      names.length,
      'bops',
      0,
      (_, weight, activation) => 0.01 * (weight + activation)
    )
    const two = createSpace({
      layers: names,
      macs: names.map(() => 100),
      costs: [tableCost(table), tableCost(small)]
    })
    const both = searchLimits(two, [0.6, 0.9])
    const state = stateOf([], { space: two, limits: both.limits, cheapest: both.cheapest })
    const low = 0.4 * both.limits[0]!.baselineCost
    const found = sampleWindow(state, { low, wanted: 30 })
    expect(found.length).toBeGreaterThanOrEqual(30)
    expect(new Set(found.map(genesKey)).size).toBe(found.length)
    for (const genes of found) {
      expect(fits(two, both.limits, genes)).toBe(true)
      expect(two.costs[0]!.of(genes)).toBeGreaterThanOrEqual(low)
    }
  })
})

describe('a search that goes on', () => {
  it('from any number of known candidates gives the trace of one that was never stopped', async () => {
    const options = { strategy: 'tpe', evaluations: 14, batch: 4, budgetRatios: [0.6] } as const
    const whole = await search(options)
    expect(whole.trace).toHaveLength(14)
    for (let known = 0; known <= whole.trace.length; known++) {
      const rest = await search(options, whole.trace.slice(0, known))
      expect(rest.trace, `from ${known}`).toEqual(whole.trace)
      expect(rest.evaluated).toBe(14 - known)
    }
  })
})
