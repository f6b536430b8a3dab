import { fits } from '../costs/limits'
import { raisedToMaximal } from '../proposals/maximal'
import {
  additiveLosses,
  pendingProbes,
  probesFor,
  knownSensitivity,
  sumOfLosses,
  widestGenes,
  upcomingProbes
} from '../loss/probes'
import { genesKey, type Genes } from '../space'
import type { Proposal, SearchState, Strategy } from '../strategy'

const attempts = 60
/** Standard deviation of the logarithm; grows with the attempts, so that new schemes come out of it. */
const disturbance = 0.05

/**
 * Greedy descent: after the probes, the widest scheme is lowered step by step where the least expected loss is paid
 * per cost saved, until it is within the budgets; then what is left over is used to raise widths again. Further schemes come
 * from the same descent with disturbed losses.
 */
export const greedyStrategy: Strategy = {
  upcoming: upcomingProbes,
  propose(state, count) {
    const probes = probesFor(state)
    const pending = pendingProbes(state, probes, count)
    if (pending.length > 0) return pending
    const sensitivity = knownSensitivity(state, probes)
    const losses = additiveLosses(state.space, sensitivity)
    const found = new Map<string, Proposal>()
    for (let attempt = 0; attempt < attempts && found.size < count; attempt++) {
      const genes = descended(state, attempt === 0 ? losses : disturbed(state, losses, disturbance * attempt))
      if (genes === null) continue
      const key = genesKey(genes)
      if (state.seen.has(key)) continue
      found.set(key, { genes, phase: 'search', expectedLoss: sensitivity.base + sumOfLosses(losses, genes) })
    }
    return [...found.values()]
  }
}

function disturbed({ random }: SearchState, losses: Float64Array, by: number): Float64Array {
  return losses.map((loss) => loss * Math.exp(by * random.normal()))
}

function descended({ space, limits, cheapest, random }: SearchState, losses: Float64Array): Genes | null {
  const genes = widestGenes(space)
  const excess = (of: Genes): number =>
    limits.reduce((sum, { budget, baselineCost }, at) => {
      return sum + Math.max(0, space.costs[at].of(of) - budget) / baselineCost
    }, 0)
  let over = excess(genes)
  while (over > 0 && !fits(space, limits, genes)) {
    const before = sumOfLosses(losses, genes)
    let best: { at: number; gene: number; rate: number; over: number } | null = null
    for (let at = 0; at < genes.length; at++) {
      const present = genes[at]
      for (const gene of space.choices[at]) {
        if (gene <= present) continue
        genes[at] = gene
        const left = excess(genes)
        const rate = (over - left) / Math.max(1e-12, sumOfLosses(losses, genes) - before)
        if (left < over && (best === null || rate > best.rate)) best = { at, gene, rate, over: left }
      }
      genes[at] = present
    }
    // Where no single step saves anything, only the cheapest scheme is left.
    if (best === null) return raisedToMaximal(space, limits, cheapest, random)
    genes[best.at] = best.gene
    over = best.over
  }
  return fits(space, limits, genes) ? raisedToMaximal(space, limits, genes, random) : null
}
