import type { Random } from '../../math/random'
import { fits } from '../costs/limits'
import type { Limit } from '../costs/limit'
import { sumOfLosses } from '../loss/probes'
import { freeGenes, type Genes, type SearchSpace } from '../space'

/** Tries of a climb; each computes the loss, and the costs only where the loss is less. */
const tries = 4000

/**
 * A scheme within the budgets whose additive loss is at most that of `start`, which must be within them. For costs that are no sum
 * over the layers, which no knapsack sees whole: one or two runs of neighbouring layers get another width each, and what loses
 * less and fits is kept. Runs, because such costs charge for what differs between neighbours.
 * @param losses expected added losses, layers x pairs of widths
 */
export function climbed(
  space: SearchSpace,
  limits: readonly Limit[],
  losses: Float64Array,
  start: Genes,
  random: Random
): Genes {
  const free = freeGenes(space)
  let genes = start.slice()
  let least = sumOfLosses(losses, genes)
  for (let attempt = 0; attempt < tries; attempt++) {
    const next = genes.slice()
    for (let runs = 1 + random.integer(2); runs > 0; runs--) changeRun(space, free, next, random)
    const loss = sumOfLosses(losses, next)
    if (loss >= least || !fits(space, limits, next)) continue
    genes = next
    least = loss
  }
  return genes
}

/** Gives neighbouring positions of one kind, one to a few of them, one width. */
function changeRun(space: SearchSpace, free: readonly number[], genes: Genes, random: Random): void {
  let at = free[random.integer(free.length)]
  const gene = space.choices[at][random.integer(space.choices[at].length)]
  do {
    if (space.choices[at].includes(gene)) genes[at] = gene
    at += 2
  } while (at < genes.length && random.next() < 0.6)
}
