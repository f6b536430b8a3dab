import type { Random } from '../../math/random'
import { bestCandidate } from '../candidate'
import { sampleWindow } from '../sampler'
import {
  freeGenes,
  geneChoices,
  genesKey,
  genesOfScheme,
  pinned,
  schemeOfGenes,
  uniformGenes,
  type Genes
} from '../space'
import type { Proposal, SearchState, Strategy } from '../strategy'
import { fitSurrogate } from '../surrogate'

/**
 * MiCo's search (accuracy under a cost budget with a random forest as guide), with its known faults mended: the window
 * is clipped to the costs that exist, so tight and absent budgets work; initial points count; everything is seeded.
 *
 * First evaluations: all-8-bit, all-lowest, and all-8-bit with shuffled layers lowered ("orth"). Then each step samples
 * schemes with a cost just below the budget and evaluates the one of highest mean + 0.5 * (initial / seen) * deviation
 * over the trees. The last fifth refines: neighbours of the best scheme, one gene apart, in the forest's order.
 */
const samplesPerStep = 1000
const refineShare = 0.2

export const micoStrategy: Strategy = {
  propose(state) {
    const step = state.history.length
    const initial = initialCount(state.evaluations)
    if (step < initial) return initialPoint(state, step, initial) ?? guided(state, initial)
    if (step >= state.evaluations * (1 - refineShare)) return refined(state) ?? guided(state, initial)
    return guided(state, initial) ?? refined(state)
  }
}

function initialCount(evaluations: number): number {
  return Math.max(2, Math.min(12, Math.floor(evaluations / 3)))
}

function initialPoint({ space, seen, random }: SearchState, step: number, initial: number): Proposal | null {
  const layers = space.layers.length
  if (step === 0) return { genes: uniformGenes(layers, 0, 0), phase: 'initial', expectedAccuracy: null }
  if (step === 1) {
    const lowest = geneChoices - 1
    return { genes: uniformGenes(layers, lowest, lowest), phase: 'initial', expectedAccuracy: null }
  }
  const lowered = Math.max(1, Math.floor(layers / Math.max(1, initial - 2)))
  for (let attempt = 0; attempt < 50; attempt++) {
    const genes = loweredGenes(layers, lowered, random)
    if (!seen.has(genesKey(genes))) return { genes, phase: 'initial', expectedAccuracy: null }
  }
  return null
}

function loweredGenes(layers: number, lowered: number, random: Random): Genes {
  const genes = uniformGenes(layers, 0, 0)
  const order = random.shuffle(Array.from({ length: layers }, (_, layer) => layer))
  for (const layer of order.slice(0, lowered)) {
    genes[2 * layer] = 1 + random.integer(geneChoices - 1)
    genes[2 * layer + 1] = 1 + random.integer(geneChoices - 1)
  }
  return pinned(genes)
}

function guided(state: SearchState, initial: number): Proposal | null {
  const { space, budget, baselineCost, minimumCost, history, seen, random, evaluations } = state
  // Region of interest: how far below the budget schemes may lie, as a share of the baseline's cost; it widens.
  const interest = 0.1 + (0.2 * (history.length - initial)) / Math.max(1, evaluations - initial)
  const low = Math.max(minimumCost, Math.min(budget, baselineCost) - interest * baselineCost)
  const options = { space, history, seen, random, high: budget, wanted: samplesPerStep }
  let samples = sampleWindow({ ...options, low })
  if (samples.length === 0) samples = sampleWindow({ ...options, low: minimumCost })
  if (samples.length === 0) return null
  const { mean, deviation } = fitSurrogate(space, history, random.integer(2 ** 31)).predict(samples)
  const curiosity = (0.5 * initial) / history.length
  let best = 0
  for (let at = 1; at < samples.length; at++) {
    if (mean[at]! + curiosity * deviation[at]! > mean[best]! + curiosity * deviation[best]!) best = at
  }
  return { genes: samples[best]!, phase: 'search', expectedAccuracy: mean[best]! }
}

/** The best untried neighbour of the best scheme: one gene changed, or one raised and one lowered, within the budget. */
function refined({ space, budget, history, seen, random }: SearchState): Proposal | null {
  const best = bestCandidate(history)
  if (best === null) return null
  const neighbours = neighboursOf(genesOfScheme(best.scheme)).filter(
    (genes) => !seen.has(genesKey(genes)) && space.cost(schemeOfGenes(space, genes)) <= budget
  )
  if (neighbours.length === 0) return null
  const { mean } = fitSurrogate(space, history, random.integer(2 ** 31)).predict(neighbours)
  let at = 0
  for (let index = 1; index < neighbours.length; index++) if (mean[index]! > mean[at]!) at = index
  return { genes: neighbours[at]!, phase: 'refine', expectedAccuracy: mean[at]! }
}

function neighboursOf(genes: Genes): Genes[] {
  const free = freeGenes(genes.length / 2)
  const stepped = (from: Genes, at: number, by: number): Genes | null => {
    const value = from[at]! + by
    if (value < 0 || value >= geneChoices) return null
    const next = from.slice()
    next[at] = value
    return next
  }
  const neighbours: Genes[] = []
  for (const at of free) {
    for (const by of [-1, 1]) {
      const one = stepped(genes, at, by)
      if (one === null) continue
      neighbours.push(one)
      if (by === 1) continue
      for (const other of free) {
        const both = other === at ? null : stepped(one, other, 1)
        if (both !== null) neighbours.push(both)
      }
    }
  }
  return neighbours
}
