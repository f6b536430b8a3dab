import type { Objective } from '../../shared/vocabulary'

/** One evaluation of a scheme, as means over the items. */
export interface Measure {
  /** Share of the items predicted right, 0..1. */
  readonly accuracy: number
  /** KL(float || quantized) in nats; needs no labels. */
  readonly kl: number
  /** -log of the probability of the label, nats. */
  readonly crossEntropy: number
  /** Squared difference of the scores, mean over items and outputs; needs no labels. */
  readonly mse: number
}

/** The value that is minimised, >= 0; accuracy becomes the share of errors. */
export function lossOf(objective: Objective, measure: Measure): number {
  return objective === 'accuracy' ? 1 - measure.accuracy : measure[objective]
}

/**
 * A loss as a score in 0..1, higher is better, for models that expect something like accuracy. For KL and cross-entropy
 * it is the geometric mean of the probability (ratio); monotone in the loss for every objective.
 */
export function scoreOf(objective: Objective, loss: number): number {
  if (objective === 'accuracy') return 1 - loss
  return objective === 'mse' ? 1 / (1 + loss) : Math.exp(-loss)
}

/** The inverse of scoreOf. */
export function lossOfScore(objective: Objective, score: number): number {
  if (objective === 'accuracy') return 1 - score
  const positive = Math.max(1e-12, score)
  return objective === 'mse' ? 1 / positive - 1 : -Math.log(positive)
}
