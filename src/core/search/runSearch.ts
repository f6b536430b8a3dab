import { AppError } from '../../shared/errors'
import { createRandom } from '../math/random'
import type { Scheme } from '../quant/scheme'
import { bestCandidate, type Candidate } from './candidate'
import {
  genesKey,
  genesOfScheme,
  geneChoices,
  schemeOfGenes,
  spaceSize,
  uniformGenes,
  type SearchSpace
} from './space'
import { greedyStrategy } from './strategies/greedy'
import { micoStrategy } from './strategies/mico'
import { randomStrategy } from './strategies/random'
import type { Strategy } from './strategy'

export const strategies = { mico: micoStrategy, greedy: greedyStrategy, random: randomStrategy } as const
export type StrategyName = keyof typeof strategies

export interface SearchPlan {
  readonly space: SearchSpace
  readonly strategy: StrategyName
  /** Budget as a share of all-8-bit's cost. */
  readonly budgetRatio: number
  readonly evaluations: number
  readonly seed: number
}

export interface SearchLimits {
  readonly baselineCost: number
  readonly minimumCost: number
  readonly budget: number
  /** False: even the cheapest scheme is dearer than the budget. A result, not an error. */
  readonly isFeasible: boolean
}

export interface SearchOutcome extends SearchLimits {
  readonly trace: readonly Candidate[]
  readonly best: Candidate | null
}

/** @throws AppError search.invalid when a cost is not a positive finite number. */
export function searchLimits(space: SearchSpace, budgetRatio: number): SearchLimits {
  const layers = space.layers.length
  const costAt = (gene: number): number => {
    const cost = space.cost(schemeOfGenes(space, uniformGenes(layers, gene, gene)))
    if (Number.isFinite(cost) && cost > 0) return cost
    throw new AppError(
      'search.invalid',
      `The cost of a scheme came out as ${cost}.`,
      'Check the proxy or choose another cost: costs must be positive numbers.'
    )
  }
  const baselineCost = costAt(0)
  // A measured proxy need not be cheapest at the lowest bits everywhere, so each uniform scheme is asked.
  const minimumCost = Math.min(
    ...Array.from({ length: geneChoices }, (_, gene) => costAt(gene)),
    cheapestByLayer(space)
  )
  const budget = baselineCost * budgetRatio
  return { baselineCost, minimumCost, budget, isFeasible: minimumCost <= budget }
}

/** Cost of the scheme found by lowering each layer on its own to its cheapest pair. */
function cheapestByLayer(space: SearchSpace): number {
  const layers = space.layers.length
  const genes = uniformGenes(layers, 0, 0)
  for (let layer = 0; layer < layers; layer++) {
    let best = { cost: Infinity, weight: 0, activation: 0 }
    for (let weight = 0; weight < geneChoices; weight++) {
      for (let activation = 0; activation < (layer === 0 ? 1 : geneChoices); activation++) {
        genes[2 * layer] = weight
        genes[2 * layer + 1] = activation
        const cost = space.cost(schemeOfGenes(space, genes))
        if (cost < best.cost) best = { cost, weight, activation }
      }
    }
    genes[2 * layer] = best.weight
    genes[2 * layer + 1] = best.activation
  }
  return space.cost(schemeOfGenes(space, genes))
}

export interface SearchHooks {
  /** Accuracy of a scheme, 0..1. */
  evaluate(scheme: Scheme): Promise<number>
  onCandidate?(candidate: Candidate): void | Promise<void>
  readonly signal?: AbortSignalLike
  /** Evaluated before: a resumed search starts behind them. */
  readonly known?: readonly Candidate[]
}

/** The part of AbortSignal that is needed; core has no DOM types. */
export interface AbortSignalLike {
  readonly aborted: boolean
}

/**
 * Runs a search to its number of evaluations, to the end of the space, or to cancellation (which ends it with what it
 * has). Same plan and same accuracies give the same trace, also across a resume.
 */
export async function runSearch(plan: SearchPlan, hooks: SearchHooks): Promise<SearchOutcome> {
  const { space, evaluations, seed } = plan
  const limits = searchLimits(space, plan.budgetRatio)
  const strategy: Strategy = strategies[plan.strategy]
  const trace: Candidate[] = [...(hooks.known ?? [])]
  const seen = new Set(trace.map(({ scheme }) => genesKey(genesOfScheme(scheme))))
  const random = createRandom(seed)
  const most = Math.min(evaluations, spaceSize(space.layers.length))
  while (limits.isFeasible && trace.length < most && hooks.signal?.aborted !== true) {
    const state = { space, ...limits, evaluations, history: trace, seen, random: random.fork(trace.length) }
    const proposal = strategy.propose(state)
    if (proposal === null) break
    const scheme = schemeOfGenes(space, proposal.genes)
    const cost = space.cost(scheme)
    const accuracy = await hooks.evaluate(scheme)
    const candidate: Candidate = {
      index: trace.length,
      scheme,
      cost,
      accuracy,
      feasible: cost <= limits.budget,
      phase: proposal.phase,
      expectedAccuracy: proposal.expectedAccuracy
    }
    trace.push(candidate)
    seen.add(genesKey(proposal.genes))
    await hooks.onCandidate?.(candidate)
  }
  return { ...limits, trace, best: bestCandidate(trace) }
}
