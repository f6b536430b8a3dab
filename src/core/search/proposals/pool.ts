import type { Candidate } from '../candidate'
import { climbed } from './climb'
import { leastLoss, pairCount } from './knapsack'
import { fits } from '../costs/limits'
import { raisedToMaximal } from './maximal'
import { sumOfLosses } from '../loss/probes'
import { freeGenes, genesKey, genesOfScheme, type Genes } from '../space'
import type { SearchState } from '../strategy'

/** Knapsacks with disturbed losses, and how far (standard deviation of their logarithm). */
const draws = 4
const disturbance = 0.5
/** States of the disturbed knapsacks: they need not be exact. */
const coarseStates = 160
const maxNeighbours = 120
/** Schemes handed to the model, least expected loss first. */
const maxPool = 80

/**
 * Schemes worth ranking with a model: all maximal ones where they can be listed; else the integer program's solution on
 * the given losses, on disturbed ones (climbed from where a cost is no sum), and the maximal neighbours of these and of the
 * best scheme so far.
 * @param losses expected added losses, layers x pairs of widths
 */
export function maximalPool(state: SearchState, losses: Float64Array, best: Candidate | null): Genes[] {
  const listed = state.maximal()
  if (listed !== null) return listed.filter((genes) => !state.seen.has(genesKey(genes)))
  const { space, limits, random } = state
  const found = new Map<string, Genes>()
  const starts: Genes[] = []
  const add = (genes: Genes | null, isStart: boolean): void => {
    if (genes === null || !fits(space, limits, genes)) return
    const maximal = raisedToMaximal(space, limits, genes, random)
    if (isStart) starts.push(maximal)
    const key = genesKey(maximal)
    if (!state.seen.has(key)) found.set(key, maximal)
  }
  const isSum = space.costs.every((cost) => cost.isSum)
  /** The integer program's scheme; where a cost is no sum, which it does not see whole, what a climb comes to. */
  const leastOf = (given: Float64Array, states?: number): Genes | null => {
    const genes = leastLoss(space, limits, given, states)
    if (isSum) return genes
    const start = genes !== null && fits(space, limits, genes) ? genes : state.cheapest
    return climbed(space, limits, given, start, random)
  }
  add(leastOf(losses), true)
  for (let draw = 0; draw < draws; draw++) {
    const disturbed = losses.slice()
    const pairs = pairCount(space)
    const factors = Float64Array.from(space.layers, () => Math.exp(disturbance * random.normal()))
    for (let at = 0; at < disturbed.length; at++)
      disturbed[at] = disturbed[at] * factors[Math.floor(at / pairs)]
    add(leastOf(disturbed, coarseStates), false)
  }
  if (best !== null) starts.push(genesOfScheme(best.scheme, space.widths))
  if (starts.length === 0) add(state.cheapest, true)
  const free = freeGenes(space)
  for (let step = 0; step < maxNeighbours && starts.length > 0; step++) {
    const genes = starts[step % starts.length].slice()
    const lowered = free[random.integer(free.length)]
    const lower = space.choices[lowered].filter((gene) => gene > genes[lowered])
    if (lower.length === 0) continue
    genes[lowered] = lower[random.integer(Math.min(2, lower.length))]
    add(genes, false)
  }
  return [...found.values()]
    .map((genes) => ({ genes, loss: sumOfLosses(losses, genes) }))
    .sort((a, b) => a.loss - b.loss)
    .slice(0, maxPool)
    .map(({ genes }) => genes)
}
