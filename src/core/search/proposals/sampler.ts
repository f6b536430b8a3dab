import type { Random } from '../../math/random'
import { fits } from '../costs/limits'
import {
  freeGenes,
  genesKey,
  genesOfScheme,
  randomGenes,
  uniformGenes,
  type Genes,
  type SearchSpace
} from '../space'
import type { SearchState } from '../strategy'

/**
 * Schemes within all budgets whose first cost lies at or above `low`, found by a genetic algorithm that rewards nearness
 * to that window (MiCo's near-constraint sampler). Seeds: uniform schemes, the best quarter of what was evaluated,
 * random ones.
 */
export interface WindowOptions {
  /** Least first cost. */
  readonly low: number
  /** Enough unique schemes; fewer are returned when the generations are used up. */
  readonly wanted: number
}

const generations = 100
const populationSize = 100
const crossoverShare = 0.25
const mutationShare = 0.1
/** How often the first and the last layer are held at their widest. */
const edgesKeptShare = 0.75
/** Generations without a new scheme after which the window is taken as exhausted. */
const patience = 12

/** Draws schemes whose costs lie within a window below the budgets. */
export function sampleWindow(state: SearchState, { low, wanted }: WindowOptions): Genes[] {
  const { space, limits, seen, random } = state
  const found = new Map<string, Genes>()
  const distances = new Map<string, number>()
  const distance = (genes: Genes): number => {
    const key = genesKey(genes)
    let value = distances.get(key)
    if (value === undefined) {
      value = 0
      for (const [at, { budget, baselineCost }] of limits.entries()) {
        const cost = space.costs[at].of(genes)
        if (cost > budget && !fits(space, limits, genes)) value += (cost - budget) / baselineCost
        else if (at === 0 && cost < low) value += (low - cost) / baselineCost
      }
      distances.set(key, value)
    }
    return value
  }
  const collect = (genes: Genes): boolean => {
    const key = genesKey(genes)
    if (seen.has(key) || found.has(key) || distance(genes) > 0) return false
    found.set(key, genes)
    return true
  }

  let population = firstPopulation(state)
  let idle = 0
  for (let generation = 0; generation < generations && found.size < wanted && idle < patience; generation++) {
    let isNew = false
    for (const genes of population) if (collect(genes)) isNew = true
    idle = isNew ? 0 : idle + 1
    const parents = population
      .map((genes) => ({ genes, miss: distance(genes) }))
      .sort((a, b) => a.miss - b.miss)
      .slice(0, populationSize / 2)
      .map(({ genes }) => genes)
    const children: Genes[] = []
    while (children.length < populationSize) children.push(child(parents, space, random))
    // The ten nearest stay; the rest of the next generation are children of the nearer half.
    population = [...parents.slice(0, populationSize / 10), ...children]
  }
  for (const genes of population) collect(genes)
  return [...found.values()]
}

/** Draws before a space is taken as holding no more schemes within the budgets, per scheme wanted. */
const drawsPerScheme = 200

/** Unseen schemes drawn uniformly from all within the budgets; fewer where those are rare. */
export function sampleUniform({ space, limits, seen, random }: SearchState, wanted: number): Genes[] {
  const found = new Map<string, Genes>()
  for (let draw = 0; draw < drawsPerScheme * wanted && found.size < wanted; draw++) {
    const genes = randomGenes(space, random)
    const key = genesKey(genes)
    if (!seen.has(key) && fits(space, limits, genes)) found.set(key, genes)
  }
  return [...found.values()]
}

function firstPopulation({ space, history, random, cheapest }: SearchState): Genes[] {
  const population: Genes[] = [cheapest]
  for (let weight = 0; weight < space.widths.length; weight++) {
    for (let activation = 0; activation < space.widths.length; activation++) {
      population.push(uniformGenes(space, weight, activation))
    }
  }
  const best = [...history].sort((a, b) => a.loss - b.loss).slice(0, Math.ceil(history.length / 4))
  for (const { scheme } of best) population.push(genesOfScheme(scheme, space.widths))
  while (population.length < populationSize) {
    population.push(withEdges(space, randomGenes(space, random), random))
  }
  return population
}

function child(parents: readonly Genes[], space: SearchSpace, random: Random): Genes {
  const genes = parents[random.integer(parents.length)].slice()
  if (random.next() < crossoverShare) {
    const other = parents[random.integer(parents.length)]
    for (let at = 0; at < genes.length; at++) if (random.next() < 0.5) genes[at] = other[at]
  }
  const free = freeGenes(space)
  const draw = (at: number): number => space.choices[at][random.integer(space.choices[at].length)]
  let isChanged = false
  for (const at of free) {
    if (random.next() >= mutationShare) continue
    genes[at] = draw(at)
    isChanged = true
  }
  if (!isChanged && free.length > 0) {
    const at = free[random.integer(free.length)]
    genes[at] = draw(at)
  }
  return withEdges(space, genes, random)
}

function withEdges(space: SearchSpace, genes: Genes, random: Random): Genes {
  if (random.next() < edgesKeptShare) {
    for (const at of [0, 1, genes.length - 2, genes.length - 1]) genes[at] = space.choices[at][0]
  }
  return genes
}
