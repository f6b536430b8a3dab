import type { Scheme } from '../quant/scheme'

/** One evaluated scheme. */
export interface Candidate {
  /** 0-based order of evaluation. */
  readonly index: number
  readonly scheme: Scheme
  readonly cost: number
  /** 0..1 on the search images. */
  readonly accuracy: number
  readonly feasible: boolean
  readonly phase: Phase
  /** What the strategy expected; null where it had no model. */
  readonly expectedAccuracy: number | null
}

export type Phase = 'initial' | 'search' | 'refine'

/** Best accuracy among the feasible, the cheaper of equals; null when none is feasible. Initial points count. */
export function bestCandidate<C extends Pick<Candidate, 'feasible' | 'accuracy' | 'cost'>>(
  candidates: readonly C[]
): C | null {
  let best: C | null = null
  for (const candidate of candidates) {
    if (!candidate.feasible) continue
    const isBetter =
      best === null ||
      candidate.accuracy > best.accuracy ||
      (candidate.accuracy === best.accuracy && candidate.cost < best.cost)
    if (isBetter) best = candidate
  }
  return best
}
