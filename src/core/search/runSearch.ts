import { createRandom } from '../random'
import { schemeKey, type Scheme } from '../quant/scheme'
import { cheapestGenes, highestGenes, schemeOf, type SearchProblem } from './problem'
import { greedy } from './strategies/greedy'
import { mico } from './strategies/mico'
import { randomSearch } from './strategies/randomSearch'
import type { FitAccuracyModel, Strategy } from './strategy'

export const strategies = { mico, greedy, random: randomSearch } as const
export type StrategyName = keyof typeof strategies

export interface Candidate {
  readonly index: number
  readonly scheme: Scheme
  readonly cost: number
  readonly accuracy: number
  readonly feasible: boolean
  readonly phase: 'initial' | 'search' | 'refine'
  readonly expectedAccuracy: number | null
  readonly bestAccuracy: number | null
}

export interface SearchOutcome {
  readonly baselineCost: number
  readonly minimumCost: number
  /** False when even the cheapest scheme is dearer than the budget: a result, not an error. */
  readonly budgetFeasible: boolean
  /** Highest accuracy within the budget, the cheaper one of equals; null when nothing evaluated was within it. */
  readonly best: Candidate | null
}

/** What a problem costs at its ends; tells infeasibility before anything is evaluated. */
export function costRange(problem: SearchProblem): Omit<SearchOutcome, 'best'> {
  const minimumCost = problem.cost(schemeOf(problem, cheapestGenes(problem)))
  return {
    baselineCost: problem.cost(schemeOf(problem, highestGenes(problem))),
    minimumCost,
    budgetFeasible: minimumCost <= problem.budget
  }
}

/**
 * Runs a strategy to its end. `evaluate` answers the accuracy of a scheme; schemes in `known` (an earlier trace of the
 * same problem, strategy and seed) are answered from it, which is how an interrupted search goes on.
 */
export async function runSearch(
  problem: SearchProblem,
  options: {
    strategy: StrategyName
    evaluations: number
    seed: number
    accuracyModel: FitAccuracyModel
    known?: readonly Candidate[]
    evaluate: (scheme: Scheme) => Promise<number>
    onCandidate?: (candidate: Candidate, isNew: boolean) => void
  }
): Promise<SearchOutcome> {
  const range = costRange(problem)
  if (!range.budgetFeasible) return { ...range, best: null }
  const known = new Map(
    (options.known ?? []).map((candidate) => [schemeKey(candidate.scheme), candidate.accuracy])
  )
  const strategy: Strategy = strategies[options.strategy]
  const proposals = strategy(problem, {
    evaluations: options.evaluations,
    random: createRandom(options.seed),
    accuracyModel: options.accuracyModel
  })
  let best: Candidate | null = null
  let index = 0
  for (let next = proposals.next(); next.done !== true; index++) {
    const { genes, phase, expectedAccuracy } = next.value
    const scheme = schemeOf(problem, genes)
    const cost = problem.cost(scheme)
    const replayed = known.get(schemeKey(scheme))
    const accuracy = replayed ?? (await options.evaluate(scheme))
    const feasible = cost <= problem.budget
    const isBest =
      feasible &&
      (best === null || accuracy > best.accuracy || (accuracy === best.accuracy && cost < best.cost))
    const bestAccuracy: number | null = isBest ? accuracy : (best?.accuracy ?? null)
    const candidate: Candidate = {
      index,
      scheme,
      cost,
      accuracy,
      feasible,
      phase,
      expectedAccuracy,
      bestAccuracy
    }
    if (isBest) best = candidate
    options.onCandidate?.(candidate, replayed === undefined)
    next = proposals.next(accuracy)
  }
  return { ...range, best }
}
