import type { Random } from '../math/random'
import type { Candidate } from './candidate'
import {
  freeGenes,
  geneChoices,
  genesKey,
  genesOfScheme,
  pinned,
  randomGenes,
  schemeOfGenes,
  uniformGenes,
  type Genes,
  type SearchSpace
} from './space'

/**
 * Schemes whose cost lies in a window, found by a genetic algorithm that rewards nearness to it (MiCo's
 * near-constraint sampler). Seeds: uniform schemes, the best quarter of what was evaluated, random ones.
 */
export interface SamplerOptions {
  readonly space: SearchSpace
  readonly history: readonly Candidate[]
  readonly seen: ReadonlySet<string>
  readonly random: Random
  readonly low: number
  readonly high: number
  /** Enough unique schemes; fewer are answered when the generations are used up. */
  readonly wanted: number
}

const generations = 100
const populationSize = 100
const crossoverShare = 0.25
const mutationShare = 0.1
/** How often the first and the last layer are held at 8 bits. */
const edgesKeptShare = 0.75
/** Generations without a new scheme after which the window is taken as exhausted. */
const patience = 12

export function sampleWindow(options: SamplerOptions): Genes[] {
  const { space, history, seen, random, low, high, wanted } = options
  const layers = space.layers.length
  const found = new Map<string, Genes>()
  const costs = new Map<string, number>()
  const costOf = (genes: Genes): number => {
    const key = genesKey(genes)
    let cost = costs.get(key)
    if (cost === undefined) costs.set(key, (cost = space.cost(schemeOfGenes(space, genes))))
    return cost
  }
  const distance = (genes: Genes): number => {
    const cost = costOf(genes)
    return cost < low ? low - cost : cost > high ? cost - high : 0
  }
  const collect = (genes: Genes): boolean => {
    const key = genesKey(genes)
    if (seen.has(key) || found.has(key) || distance(genes) > 0) return false
    found.set(key, genes)
    return true
  }

  let population = firstPopulation(layers, history, random)
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
    while (children.length < populationSize) children.push(child(parents, layers, random))
    // Half of the next generation are children of the nearest, the rest fresh blood, so the window is filled widely.
    population = [...parents.slice(0, populationSize / 10), ...children]
  }
  for (const genes of population) collect(genes)
  return [...found.values()]
}

function firstPopulation(layers: number, history: readonly Candidate[], random: Random): Genes[] {
  const population: Genes[] = []
  for (let weight = 0; weight < geneChoices; weight++) {
    for (let activation = 0; activation < geneChoices; activation++) {
      population.push(uniformGenes(layers, weight, activation))
    }
  }
  const best = [...history].sort((a, b) => b.accuracy - a.accuracy).slice(0, Math.ceil(history.length / 4))
  for (const { scheme } of best) population.push(genesOfScheme(scheme))
  while (population.length < populationSize) population.push(withEdges(randomGenes(layers, random), random))
  return population
}

function child(parents: readonly Genes[], layers: number, random: Random): Genes {
  const genes = parents[random.integer(parents.length)]!.slice()
  if (random.next() < crossoverShare) {
    const other = parents[random.integer(parents.length)]!
    for (let at = 0; at < genes.length; at++) if (random.next() < 0.5) genes[at] = other[at]!
  }
  const free = freeGenes(layers)
  let isChanged = false
  for (const at of free) {
    if (random.next() >= mutationShare) continue
    genes[at] = random.integer(geneChoices)
    isChanged = true
  }
  if (!isChanged) genes[free[random.integer(free.length)]!] = random.integer(geneChoices)
  return withEdges(genes, random)
}

function withEdges(genes: Genes, random: Random): Genes {
  if (random.next() < edgesKeptShare) {
    for (const at of [0, 1, genes.length - 2, genes.length - 1]) genes[at] = 0
  }
  return pinned(genes)
}
