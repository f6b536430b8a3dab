import type { Random } from '../math/random'
import type { Candidate, Phase } from './candidate'
import type { Genes, SearchSpace } from './space'

/** What a strategy knows when it is asked for the next scheme. */
export interface SearchState {
  readonly space: SearchSpace
  readonly budget: number
  /** Cost of all-8-bit. */
  readonly baselineCost: number
  /** Cost of the cheapest scheme. */
  readonly minimumCost: number
  /** Evaluations in all. */
  readonly evaluations: number
  readonly history: readonly Candidate[]
  /** Keys (space.ts genesKey) of what was evaluated. */
  readonly seen: ReadonlySet<string>
  /** A generator of this step's own: the same seed and history propose the same scheme. */
  readonly random: Random
}

export interface Proposal {
  readonly genes: Genes
  readonly phase: Phase
  readonly expectedAccuracy: number | null
}

/** One way of choosing schemes; pure, so that a search resumes from its trace alone. Null: nothing left to try. */
export interface Strategy {
  propose(state: SearchState): Proposal | null
}
