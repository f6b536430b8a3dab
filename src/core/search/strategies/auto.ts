import { bestCandidate, type Candidate } from '../candidate'
import { expectedImprovement } from '../loss/gaussianProcess'
import {
  fitLossModel,
  logLoss,
  pairwiseSettings,
  type LossModel,
  type LossModelSettings
} from '../loss/lossModel'
import { maximalPool } from '../proposals/pool'
import { additiveLosses, pendingProbes, probesFor, knownSensitivity, upcomingProbes } from '../loss/probes'
import type { Genes } from '../space'
import type { Proposal, Strategy } from '../strategy'
import { integerStrategy } from './integer'

/**
 * The default. All-8-bit and one 2-bit probe per layer width give additive losses; the integer program on them names
 * the first schemes; then a Gaussian process on the logarithm of the ratio between measured and expected loss, with terms for single
 * widths, for the shape over the widths and for pairs (lossModel.ts), chooses among the maximal schemes by expected
 * improvement. Within a batch each choice is followed as if its expected loss had been measured.
 */
export const autoStrategy: Strategy = modelGuided(pairwiseSettings)

/** Returns the strategy that proposes what a loss model with these settings expects to lose least. */
export function modelGuided(settings: LossModelSettings): Strategy {
  return {
    usesMaximal: true,
    upcoming: upcomingProbes,
    propose(state, count) {
      const probes = probesFor(state)
      const pending = pendingProbes(state, probes, count)
      if (pending.length > 0) return pending
      // Too few evaluations for a probe: there is nothing that a model could be fitted to.
      if (probes.length === 0 && state.given === undefined) return integerStrategy.propose(state, count)
      const sensitivity = knownSensitivity(state, probes)
      const best = bestCandidate(state.history)
      const pool = maximalPool(state, additiveLosses(state.space, sensitivity), best)
      const model = fitLossModel(state.space, state.history, sensitivity, settings)
      return chooseBatch(pool, model, best, count)
    }
  }
}

/** Expected improvement; before anything feasible was measured, the least expected loss. */
function chooseBatch(
  pool: readonly Genes[],
  first: LossModel,
  best: Candidate | null,
  count: number
): Proposal[] {
  let model = first
  let least = best === null ? Infinity : logLoss(best.loss)
  const left = [...pool]
  const proposals: Proposal[] = []
  while (proposals.length < count && left.length > 0) {
    let chosen = 0
    let value = -Infinity
    let expected = 0
    for (const [at, genes] of left.entries()) {
      const { mean, deviation } = model.predict(genes)
      const worth = least === Infinity ? -mean : expectedImprovement(mean, deviation, least)
      if (worth > value) [chosen, value, expected] = [at, worth, mean]
    }
    const [genes] = left.splice(chosen, 1)
    proposals.push({ genes: genes, phase: 'search', expectedLoss: Math.exp(expected) })
    if (proposals.length < count) model = model.believing(genes, expected)
    least = Math.min(least, expected)
  }
  return proposals
}
