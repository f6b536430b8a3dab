import { sampleWindow } from '../sampler'
import { genesKey, randomGenes, schemeOfGenes } from '../space'
import type { Strategy } from '../strategy'

/** Tries before the window sampler is asked: in a loose budget a plain draw fits soon. */
const plainDraws = 200

/** The baseline: schemes drawn uniformly from those within the budget. */
export const randomStrategy: Strategy = {
  propose({ space, budget, minimumCost, history, seen, random }) {
    for (let draw = 0; draw < plainDraws; draw++) {
      const genes = randomGenes(space.layers.length, random)
      if (seen.has(genesKey(genes)) || space.cost(schemeOfGenes(space, genes)) > budget) continue
      return { genes, phase: 'search', expectedAccuracy: null }
    }
    const window = sampleWindow({ space, history, seen, random, low: minimumCost, high: budget, wanted: 200 })
    if (window.length === 0) return null
    return { genes: window[random.integer(window.length)]!, phase: 'search', expectedAccuracy: null }
  }
}
