import type { Candidate } from '../candidate'
import { dominates, fronts } from '../pareto'
import { freeGenes, genesKey, genesOfScheme, randomGenes, type Genes } from '../space'
import type { SearchState, Strategy } from '../strategy'

const maxParents = 16
const crossoverShare = 0.9

/**
 * NSGA-II (Deb et al. 2002) on loss and first cost, with Deb's rule for the budgets: within beats over, less over beats more.
 * The population is the best `size` of everything evaluated; a batch is its next offspring.
 */
export const nsga2Strategy: Strategy = {
  propose(state, count) {
    const { space, history, seen, random, evaluations } = state
    const size = Math.max(4, Math.min(maxParents, Math.floor(evaluations / 3)))
    const chosen = new Map<string, Genes>()
    const isInitial = history.length < size
    const ranked = isInitial ? [] : rankedBySurvival(state).slice(0, size)
    for (let attempt = 0; attempt < 200 * count && chosen.size < count; attempt++) {
      const genes = isInitial || attempt > 100 * count ? randomGenes(space, random) : child(state, ranked)
      const key = genesKey(genes)
      if (!seen.has(key)) chosen.set(key, genes)
    }
    return [...chosen.values()].map((genes) => ({
      genes,
      phase: isInitial ? 'initial' : 'search',
      expectedLoss: null
    }))
  }
}

/** Best first: by front, then by crowding distance. */
function rankedBySurvival({ history, limits, space }: SearchState): Genes[] {
  const excess = ({ costs }: Candidate): number =>
    costs.reduce((sum, cost, at) => sum + Math.max(0, cost / limits[at].budget - 1), 0)
  const isBetter = (a: Candidate, b: Candidate): boolean => {
    if (a.feasible !== b.feasible) return a.feasible
    if (!a.feasible) return excess(a) < excess(b)
    return dominates([a.loss, a.cost], [b.loss, b.cost])
  }
  return fronts(history, isBetter).flatMap((front) =>
    byCrowding(front).map(({ scheme }) => genesOfScheme(scheme, space.widths))
  )
}

function byCrowding(front: readonly Candidate[]): Candidate[] {
  const distance = new Map(front.map((entry) => [entry, 0]))
  for (const value of [(entry: Candidate) => entry.loss, (entry: Candidate) => entry.cost]) {
    const sorted = [...front].sort((a, b) => value(a) - value(b))
    const span = value(sorted.at(-1)!) - value(sorted[0]) || 1
    for (const [at, entry] of sorted.entries()) {
      const isEdge = at === 0 || at === sorted.length - 1
      const gap = isEdge ? Infinity : (value(sorted[at + 1]) - value(sorted[at - 1])) / span
      distance.set(entry, distance.get(entry)! + gap)
    }
  }
  return [...front].sort((a, b) => distance.get(b)! - distance.get(a)! || a.index - b.index)
}

function child({ space, random }: SearchState, ranked: readonly Genes[]): Genes {
  const pick = (): Genes => ranked[Math.min(random.integer(ranked.length), random.integer(ranked.length))]
  const genes = pick().slice()
  const other = pick()
  if (random.next() < crossoverShare) {
    for (let at = 0; at < genes.length; at++) if (random.next() < 0.5) genes[at] = other[at]
  }
  const free = freeGenes(space)
  for (const at of free) {
    if (random.next() >= 1 / free.length) continue
    genes[at] = space.choices[at][random.integer(space.choices[at].length)]
  }
  return genes
}
