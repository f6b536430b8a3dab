import type { Random } from '../math/random'
import type { Candidate, Phase } from './candidate'
import type { GivenSensitivity } from './loss/givenSensitivity'
import type { Limit } from './costs/limit'
import type { Objective } from '../../shared/vocabulary'
import type { Genes, SearchSpace } from './space'

/** What a strategy knows when it chooses the next batch. */
export interface SearchState {
  readonly space: SearchSpace
  /** One per cost of the space. */
  readonly limits: readonly Limit[]
  /** A scheme within all budgets. */
  readonly cheapest: Genes
  readonly objective: Objective
  /** Evaluations in all. */
  readonly evaluations: number
  /** All candidates of the batches before. */
  readonly history: readonly Candidate[]
  /** Keys (space.ts genesKey) of what was evaluated. */
  readonly seen: ReadonlySet<string>
  /** Losses of single layers that were measured elsewhere: no probe is made. */
  readonly given?: GivenSensitivity | undefined
  /** A generator for this batch alone: the same seed and history propose the same schemes. */
  readonly random: Random
  /** Every maximal scheme (maximal.ts), listed once per search; null when there are too many to list. */
  maximal(): readonly Genes[] | null
}

/** A scheme that a strategy wants evaluated. */
export interface Proposal {
  readonly genes: Genes
  readonly phase: Phase
  /** The loss the strategy expects; null where it had no model. */
  readonly expectedLoss: number | null
}

/**
 * One way of choosing schemes. A pure function of the state, so that a search resumes from its trace alone: telling a
 * strategy its results is adding them to the history.
 */
export interface Strategy {
  /** The next 1 to `count` schemes, all different and none seen before; empty when nothing is left to try. */
  propose(state: SearchState, count: number): Proposal[]
  /**
   * What `propose` will return for the next batch whatever the batch before it loses, given that `state.seen` holds that one too; empty
   * where losses decide. Absent: always.
   */
  upcoming?(state: SearchState, count: number): Proposal[]
  /** Whether it reads the list of maximal schemes behind its first batch: the list is made while that batch is evaluated. */
  readonly usesMaximal?: true
  /** Whether a candidate may become the result; absent: every feasible one. */
  mayWin?(candidate: Candidate): boolean
}
