import { deviation, mean } from '../../math/mean'
import { fits } from '../costs/limits'
import { scoreOf } from '../objective'
import { genesKey, genesOfScheme, type Genes, type SearchSpace } from '../space'
import type { Proposal, SearchState, Strategy } from '../strategy'
import { drawnIndex } from './tpe'

const passes = 8
const rate = 2
/** How often a width is drawn regardless of the policy. */
const exploration = 0.15
const attempts = 60

/**
 * HAQ-like reinforcement (Wang et al., CVPR 2019): a policy walks over the widths in network order and draws each from what it
 * sees of the layer (place, share of work, weights or activations, the width before); then, as in HAQ, widths are lowered
 * in turn until the scheme is within the budgets. The policy is a linear softmax trained by REINFORCE on all
 * evaluations (HAQ trains an actor-critic over hundreds of them, which no search of this length has).
 */
export const policyStrategy: Strategy = {
  propose(state, count) {
    const policy = trainedPolicy(state)
    const chosen = new Map<string, Genes>()
    for (let attempt = 0; attempt < attempts * count && chosen.size < count; attempt++) {
      const genes = lowered(state, policy.draw())
      if (genes === null) continue
      const key = genesKey(genes)
      if (!state.seen.has(key)) chosen.set(key, genes)
    }
    return [...chosen.values()].map((genes): Proposal => ({ genes, phase: 'search', expectedLoss: null }))
  }
}

function featuresOf(space: SearchSpace): (genes: Genes, at: number) => number[] {
  const total = space.macs.reduce((sum, macs) => sum + macs, 0) || 1
  const layers = Math.max(1, space.layers.length - 1)
  return (genes, at) => {
    const layer = at >> 1
    return [
      1,
      at % 2,
      layer / layers,
      space.macs[layer] / total,
      layer === 0 || layer === layers ? 1 : 0,
      at === 0 ? 0 : genes[at - 1] / (space.widths.length - 1)
    ]
  }
}

function trainedPolicy({ space, history, objective, random }: SearchState): { draw(): Genes } {
  const features = featuresOf(space)
  const inputs = 6
  const weights = new Float64Array(space.widths.length * inputs)
  const probabilities = (genes: Genes, at: number): number[] => {
    const seen = features(genes, at)
    const values = space.choices[at].map((choice) =>
      Math.exp(seen.reduce((sum, value, index) => sum + value * weights[choice * inputs + index], 0))
    )
    const total = values.reduce((sum, value) => sum + value, 0)
    return values.map((value) => value / total)
  }
  const scores = history.map(({ loss }) => scoreOf(objective, loss))
  const [middle, spread] = [mean(scores), deviation(scores) || 1]
  for (let pass = 0; pass < passes; pass++) {
    for (const [index, { scheme }] of history.entries()) {
      const genes = genesOfScheme(scheme, space.widths)
      const advantage = Math.max(-2, Math.min(2, (scores[index] - middle) / spread)) / history.length
      for (const [at, allowed] of space.choices.entries()) {
        if (allowed.length < 2) continue
        const shares = probabilities(genes, at)
        const seen = features(genes, at)
        for (const [place, choice] of allowed.entries()) {
          const slope = (choice === genes[at] ? 1 : 0) - shares[place]
          for (let input = 0; input < inputs; input++) {
            weights[choice * inputs + input] += rate * advantage * slope * seen[input]
          }
        }
      }
    }
  }
  return {
    draw() {
      const genes = new Uint8Array(space.choices.length)
      for (const [at, allowed] of space.choices.entries()) {
        genes[at] =
          random.next() < exploration
            ? allowed[random.integer(allowed.length)]
            : allowed[drawnIndex(probabilities(genes, at), random.next())]
      }
      return genes
    }
  }
}

/** One step down per width, from the first to the last and again, until the budgets are met; null when they are not. */
function lowered({ space, limits }: SearchState, genes: Genes): Genes | null {
  for (let isChanged = true; isChanged;) {
    isChanged = false
    for (const [at, allowed] of space.choices.entries()) {
      if (fits(space, limits, genes)) return genes
      const next = allowed[allowed.indexOf(genes[at]) + 1]
      if (next === undefined) continue
      genes[at] = next
      isChanged = true
    }
  }
  return fits(space, limits, genes) ? genes : null
}
