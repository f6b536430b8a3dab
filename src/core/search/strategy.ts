import type { Random } from '../random'
import type { Genes, SearchProblem } from './problem'

/**
 * A strategy is a generator: it yields what it wants evaluated and is resumed with the accuracy. It depends on
 * nothing but problem, seed and accuracies, so a search is resumed by replaying its trace: the same seed proposes the
 * same schemes, and those already in the trace are answered from it.
 */
export interface Proposal {
  readonly genes: Genes
  readonly phase: 'initial' | 'search' | 'refine'
  /** What the strategy expects before it looks; null where it has no model. */
  readonly expectedAccuracy: number | null
}

/** Accuracy of the proposed scheme, 0..1. */
export type Strategy = (problem: SearchProblem, options: StrategyOptions) => Generator<Proposal, void, number>

export interface StrategyOptions {
  /** Evaluations in all. */
  readonly evaluations: number
  readonly random: Random
  readonly accuracyModel: FitAccuracyModel
}

/** Fits accuracy on features; rows x dims, row by row. */
export type FitAccuracyModel = (
  features: Float64Array,
  dims: number,
  accuracy: Float64Array,
  seed: number
) => AccuracyModel

export interface AccuracyModel {
  /** Mean and spread over the trees for each row. */
  predict(features: Float64Array): { mean: Float64Array; deviation: Float64Array }
}
