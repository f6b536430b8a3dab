import { fits } from '../costs/limits'
import { raisedToMaximal } from '../proposals/maximal'
import { sampleWindow } from '../proposals/sampler'
import { genesKey, randomGenes, type Genes } from '../space'
import type { Proposal, SearchState, Strategy } from '../strategy'

/** Tries per scheme before the window sampler is used: in a loose budget a plain draw fits soon. */
const plainDraws = 200

/** The baseline: schemes drawn uniformly from those within the budgets. */
export const randomStrategy: Strategy = {
  propose: (state, count) => drawn(state, count, (genes) => genes)
}

/** The stronger baseline: uniform among the maximal schemes where they can be listed, else draws raised to maximal. */
export const randomMaximalStrategy: Strategy = {
  usesMaximal: true,
  propose(state, count) {
    const { space, limits, random, seen } = state
    const listed = state.maximal()
    if (listed === null) {
      return drawn(state, count, (genes) => raisedToMaximal(space, limits, genes, random))
    }
    const unseen = listed.filter((genes) => !seen.has(genesKey(genes)))
    return random.shuffle(unseen).slice(0, count).map(proposal)
  }
}

function drawn(state: SearchState, count: number, finish: (genes: Genes) => Genes): Proposal[] {
  const { space, limits, seen, random } = state
  const chosen = new Map<string, Genes>()
  for (let draw = 0; draw < plainDraws * count && chosen.size < count; draw++) {
    const genes = randomGenes(space, random)
    if (!fits(space, limits, genes)) continue
    const finished = finish(genes)
    const key = genesKey(finished)
    if (!seen.has(key)) chosen.set(key, finished)
  }
  if (chosen.size < count) {
    const window = sampleWindow(state, { low: 0, wanted: 50 * count })
    for (const genes of random.shuffle(window)) {
      if (chosen.size >= count) break
      const finished = finish(genes)
      const key = genesKey(finished)
      if (!seen.has(key)) chosen.set(key, finished)
    }
  }
  return [...chosen.values()].map(proposal)
}

function proposal(genes: Genes): Proposal {
  return { genes, phase: 'search', expectedLoss: null }
}
