import type { Random } from '../random'
import { genesKey, schemeOf, type Genes, type SearchProblem } from './problem'

/**
 * Genetic sampler of schemes that cost nearly the budget (MiCo): uniform schemes and good ones seen before are crossed
 * and mutated until enough distinct ones lie in the cost window, or the generations are used up.
 */
export interface SamplerOptions {
  /** Schemes wanted with cost in [low, high]. */
  readonly wanted: number
  readonly low: number
  readonly high: number
  readonly generations: number
  /** Parents known to be good (the top quarter of what was evaluated). */
  readonly parents: readonly Genes[]
  readonly random: Random
}

const crossoverRate = 0.25
const mutationRate = 0.1
/** First and last layers are kept at most bits this often. */
const keepEndsRate = 0.75
const populationSize = 200

export function sampleNearBudget(problem: SearchProblem, options: SamplerOptions): Genes[] {
  const { wanted, low, high, generations, parents, random } = options
  const found = new Map<string, Genes>()
  const tried = new Set<string>()
  /** Distance of the cost from the window; 0 inside. */
  const consider = (genes: Genes): number => {
    const cost = problem.cost(schemeOf(problem, genes))
    const key = genesKey(genes)
    tried.add(key)
    if (cost >= low && cost <= high) found.set(key, genes)
    return cost > high ? cost - high : cost < low ? low - cost : 0
  }

  let population: { genes: Genes; distance: number }[] = []
  const add = (genes: Genes): void => {
    population.push({ genes, distance: consider(genes) })
  }
  for (const parent of parents) add(parent.slice())
  while (population.length < populationSize) add(uniformGenes(problem, random))

  for (let generation = 0; generation < generations && found.size < wanted; generation++) {
    // Nearest to the window survive; ties keep their order, so the same seed gives the same schemes.
    population.sort((a, b) => a.distance - b.distance)
    population = population.slice(0, populationSize / 2)
    const survivors = population.length
    while (population.length < populationSize && found.size < wanted) {
      const mother = population[random.integer(survivors)]!.genes
      const child = mother.slice()
      if (random.next() < crossoverRate) {
        const father = population[random.integer(survivors)]!.genes
        for (let gene = 0; gene < child.length; gene++) if (random.next() < 0.5) child[gene] = father[gene]!
      }
      mutate(problem, child, random)
      keepEnds(problem, child, high, random)
      // A repeat brings nothing; a fresh scheme keeps the population from freezing.
      add(tried.has(genesKey(child)) ? uniformGenes(problem, random) : child)
    }
  }
  return [...found.values()]
}

export function uniformGenes(problem: SearchProblem, random: Random): Genes {
  return Uint8Array.from(problem.choices, (choices) => random.integer(choices.length))
}

function mutate(problem: SearchProblem, genes: Genes, random: Random): void {
  for (let gene = 0; gene < genes.length; gene++) {
    if (random.next() < mutationRate) genes[gene] = random.integer(problem.choices[gene]!.length)
  }
}

/** Accuracy is most sensitive to the first and the last layer: keep them at most bits where the budget allows it. */
function keepEnds(problem: SearchProblem, genes: Genes, high: number, random: Random): void {
  for (const layer of new Set([0, problem.layers.length - 1])) {
    if (random.next() >= keepEndsRate) continue
    const before = [genes[2 * layer]!, genes[2 * layer + 1]!] as const
    genes[2 * layer] = 0
    genes[2 * layer + 1] = 0
    if (problem.cost(schemeOf(problem, genes)) > high) {
      genes[2 * layer] = before[0]
      genes[2 * layer + 1] = before[1]
    }
  }
}
