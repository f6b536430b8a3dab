import { deviation, mean } from '../../math/mean'
import { bestCandidate } from '../candidate'
import { expectedImprovement, fitSchemeProcess, type SchemeProcess } from '../loss/gaussianProcess'
import { scoreOf, lossOfScore } from '../objective'
import { sampleWindow } from '../proposals/sampler'
import { genesOfScheme, type Genes } from '../space'
import type { Proposal, SearchState, Strategy } from '../strategy'
import { randomStrategy } from './random'

const lengths = [1, 2, 4, 8]
const samples = 600

/**
 * Plain Bayesian optimisation: a Gaussian process with a squared exponential covariance over the bit exponents, its
 * length scale chosen by marginal likelihood, and expected improvement among sampled schemes within the budgets. It
 * makes no use of layers or of maximal schemes.
 */
export const gpEiStrategy: Strategy = {
  propose(state, count) {
    const initial = Math.max(4, Math.floor(state.evaluations / 4))
    if (state.history.length < initial) {
      return randomStrategy
        .propose(state, Math.min(count, initial - state.history.length))
        .map((proposal) => ({ ...proposal, phase: 'initial' }))
    }
    return guided(state, count)
  }
}

function guided(state: SearchState, count: number): Proposal[] {
  const { history, objective, space } = state
  const left = sampleWindow(state, { low: 0, wanted: samples }).slice(0, samples)
  const inputs = history.map(({ scheme }) => genesOfScheme(scheme, space.widths))
  // The process is fitted to what is lost of the score: small is good, and it has no long tail.
  const values = history.map(({ loss }) => 1 - scoreOf(objective, loss))
  const [middle, scale] = [mean(values), deviation(values) || 1]
  const targets = values.map((value) => (value - middle) / scale)
  let least = bestCandidate(history) === null ? Infinity : Math.min(...feasibleTargets(state, targets))
  const proposals: Proposal[] = []
  while (proposals.length < count && left.length > 0) {
    const process = bestProcess(inputs, targets)
    let [chosen, value, expected] = [0, -Infinity, 0]
    for (const [at, genes] of left.entries()) {
      const { mean: predicted, deviation } = process.predict(genes)
      const worth =
        least === Infinity ? deviation - predicted : expectedImprovement(predicted, deviation, least)
      if (worth > value) [chosen, value, expected] = [at, worth, predicted]
    }
    const [genes] = left.splice(chosen, 1)
    const score = Math.min(1, Math.max(0, 1 - (middle + scale * expected)))
    proposals.push({
      genes: genes,
      phase: 'search',
      expectedLoss: Math.max(0, lossOfScore(objective, score))
    })
    // The rest of the batch is chosen as if this one came out as expected.
    inputs.push(genes)
    targets.push(expected)
    least = Math.min(least, expected)
  }
  return proposals
}

function feasibleTargets({ history }: SearchState, targets: readonly number[]): number[] {
  return targets.filter((_, at) => history[at]?.feasible === true)
}

function bestProcess(inputs: readonly Genes[], targets: readonly number[]): SchemeProcess<Genes> {
  let best: SchemeProcess<Genes> | null = null
  for (const length of lengths) {
    const covariance = (a: Genes, b: Genes): number => {
      let square = 0
      for (let at = 0; at < a.length; at++) square += (a[at] - b[at]) ** 2
      return Math.exp(-square / (2 * length * length))
    }
    const process = fitSchemeProcess(inputs, targets, covariance, 0.01)
    if (best === null || process.logLikelihood > best.logLikelihood) best = process
  }
  return best!
}
