import { bestCandidate } from '../candidate'
import { maximalPool } from '../proposals/pool'
import {
  additiveLosses,
  pendingProbes,
  probesFor,
  knownSensitivity,
  sumOfLosses,
  upcomingProbes
} from '../loss/probes'
import type { Strategy } from '../strategy'

/**
 * Integer program on sensitivities (HAWQ-V3, Yao et al., arXiv 2011.10680, with measured losses in place of Hessian traces):
 * probes, then the schemes of least additive loss within the budgets, in that order.
 */
export const integerStrategy: Strategy = {
  usesMaximal: true,
  upcoming: upcomingProbes,
  propose(state, count) {
    const probes = probesFor(state)
    const pending = pendingProbes(state, probes, count)
    if (pending.length > 0) return pending
    const sensitivity = knownSensitivity(state, probes)
    const losses = additiveLosses(state.space, sensitivity)
    return maximalPool(state, losses, bestCandidate(state.history))
      .map((genes) => ({ genes, loss: sensitivity.base + sumOfLosses(losses, genes) }))
      .sort((a, b) => a.loss - b.loss)
      .slice(0, count)
      .map(({ genes, loss }) => ({ genes, phase: 'search', expectedLoss: loss }))
  }
}
