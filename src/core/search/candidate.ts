import type { searchPhases } from '../../shared/vocabulary'
import type { Scheme } from '../quant/scheme'
import type { Measure } from './objective'

/** One evaluated scheme. */
export interface Candidate extends Measure {
  /** 0-based order of evaluation. */
  readonly index: number
  /** 0-based number of the batch it was proposed in. */
  readonly batch: number
  readonly scheme: Scheme
  /** Under the first budget. */
  readonly cost: number
  /** Under every budget, in their order. */
  readonly costs: readonly number[]
  /** The objective's value, smaller is better. */
  readonly loss: number
  /** Within every budget. */
  readonly feasible: boolean
  readonly phase: Phase
  /** What the strategy expected of the loss; null where it had no model. */
  readonly expectedLoss: number | null
}

/** Part of a search that a candidate belongs to. */
export type Phase = (typeof searchPhases)[number]

/** Least loss among the feasible, the cheaper of equals; null when none is feasible. */
export function bestCandidate<C extends Pick<Candidate, 'feasible' | 'loss' | 'cost'>>(
  candidates: readonly C[]
): C | null {
  let best: C | null = null
  for (const candidate of candidates) {
    if (!candidate.feasible) continue
    const isBetter =
      best === null ||
      candidate.loss < best.loss ||
      (candidate.loss === best.loss && candidate.cost < best.cost)
    if (isBetter) best = candidate
  }
  return best
}
