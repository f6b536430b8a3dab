import type { Candidate } from '../candidate'
import { sampleWindow } from '../sampler'
import { freeGenes, geneChoices, genesKey, genesOfScheme, uniformGenes, type Genes } from '../space'
import type { SearchState, Strategy } from '../strategy'

/**
 * Sensitivity first: every free bit width is lowered alone once (to 2 bits, as far as half of the evaluations reach),
 * losses are taken to add up, and then the schemes of least expected loss within the budget are evaluated in turn.
 */
const probeGene = 2
/** Loss at 8, 4, 2, 1 bits relative to the measured one at 2 bits: quantization error falls about fourfold per bit. */
const relativeLoss = [0, 0.15, 1, 3]

export const greedyStrategy: Strategy = {
  propose(state) {
    const { space, history, seen, evaluations } = state
    const layers = space.layers.length
    const base = uniformGenes(layers, 0, 0)
    if (history.length === 0) return { genes: base, phase: 'initial', expectedAccuracy: null }
    const probes = probesOf(state, Math.max(1, Math.floor(evaluations / 2)))
    const next = probes.find(({ genes }) => !seen.has(genesKey(genes)))
    if (next !== undefined) return { genes: next.genes, phase: 'initial', expectedAccuracy: null }
    return cheapestLoss(state, probes)
  }
}

interface Probe {
  readonly gene: number
  readonly genes: Genes
}

/** Single-gene schemes, the layers with most work first. */
function probesOf({ space }: SearchState, most: number): Probe[] {
  return freeGenes(space.layers.length)
    .sort((a, b) => space.macs[b >> 1]! - space.macs[a >> 1]! || a - b)
    .slice(0, most)
    .map((gene) => {
      const genes = uniformGenes(space.layers.length, 0, 0)
      genes[gene] = probeGene
      return { gene, genes }
    })
}

function cheapestLoss(state: SearchState, probes: readonly Probe[]) {
  const { space, history, seen, random, budget, minimumCost } = state
  const byKey = new Map<string, Candidate>(
    history.map((entry) => [genesKey(genesOfScheme(entry.scheme)), entry])
  )
  const base = byKey.get(genesKey(uniformGenes(space.layers.length, 0, 0)))?.accuracy ?? 1
  const losses = new Float64Array(2 * space.layers.length)
  for (const { gene, genes } of probes) {
    losses[gene] = Math.max(0, base - (byKey.get(genesKey(genes))?.accuracy ?? base))
  }
  const samples = sampleWindow({ space, history, seen, random, low: minimumCost, high: budget, wanted: 3000 })
  let best: Genes | null = null
  let least = Infinity
  for (const genes of samples) {
    let loss = 0
    for (let at = 0; at < genes.length; at++) loss += losses[at]! * relativeLoss[genes[at]!]!
    // Where no loss was measured, more bits are still better.
    loss += 1e-6 * genes.reduce((sum, gene) => sum + gene / geneChoices, 0)
    if (loss < least) {
      least = loss
      best = genes
    }
  }
  return best === null ? null : { genes: best, phase: 'search' as const, expectedAccuracy: base - least }
}
