import { fits } from '../costs/limits'
import { genesKey, genesOfScheme, type Genes } from '../space'
import type { Proposal, SearchState, Strategy } from '../strategy'
import { highest } from './mico'
import { randomStrategy } from './random'

const goodShare = 0.25
const drawsPerScheme = 24
/** Weight of the uniform prior, in observations. */
const prior = 1

/**
 * Tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) for categories: per width the frequencies among the best
 * quarter and among the rest; schemes drawn from the first are ranked by the ratio of both. Schemes over a budget
 * rank behind all others.
 */
export const tpeStrategy: Strategy = {
  propose(state, count) {
    const initial = Math.max(4, Math.floor(state.evaluations / 4))
    if (state.history.length < initial) {
      return randomStrategy
        .propose(state, Math.min(count, initial - state.history.length))
        .map((proposal) => ({ ...proposal, phase: 'initial' }))
    }
    const proposals = drawn(state, count)
    return proposals.length > 0 ? proposals : randomStrategy.propose(state, count)
  }
}

function drawn(state: SearchState, count: number): Proposal[] {
  const { space, limits, history, seen, random } = state
  const ranked = [...history].sort((a, b) => Number(b.feasible) - Number(a.feasible) || a.loss - b.loss)
  const cut = Math.max(1, Math.ceil(goodShare * ranked.length))
  const frequencies = (from: typeof ranked): number[][] => {
    const genes = from.map(({ scheme }) => genesOfScheme(scheme, space.widths))
    return space.choices.map((allowed, at) =>
      allowed.map((choice) => {
        const seenHere = genes.reduce((sum, entry) => sum + (entry[at] === choice ? 1 : 0), 0)
        return (seenHere + prior / allowed.length) / (genes.length + prior)
      })
    )
  }
  const good = frequencies(ranked.slice(0, cut))
  const bad = frequencies(ranked.slice(cut))
  const drawnGenes = new Map<string, { genes: Genes; ratio: number }>()
  for (let draw = 0; draw < 40 * drawsPerScheme * count && drawnGenes.size < drawsPerScheme * count; draw++) {
    let ratio = 0
    const genes = Uint8Array.from(space.choices, (allowed, at) => {
      const chosen = drawnIndex(good[at], random.next())
      ratio += Math.log(good[at][chosen] / bad[at][chosen])
      return allowed[chosen]
    })
    const key = genesKey(genes)
    if (!seen.has(key) && fits(space, limits, genes)) drawnGenes.set(key, { genes, ratio })
  }
  const list = [...drawnGenes.values()]
  return highest(list, (at) => list[at].ratio, count).map((at) => ({
    genes: list[at].genes,
    phase: 'search',
    expectedLoss: null
  }))
}

/** Index drawn with the given probabilities. */
export function drawnIndex(probabilities: readonly number[], uniform: number): number {
  let sum = 0
  for (const [index, probability] of probabilities.entries()) {
    sum += probability
    if (uniform < sum) return index
  }
  return probabilities.length - 1
}
