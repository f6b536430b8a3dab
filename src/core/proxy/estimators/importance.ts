import type { Regressor } from '../../regression/regressors'

/** A feature's share of the gain of all splits, 0..1. */
export interface FeatureShare {
  feature: string
  share: number
}

/** Gain of every feature over all splits as shares that sum to 1, largest first; empty for models without trees. */
export function importanceOf(regressor: Regressor, names: readonly string[]): FeatureShare[] {
  const { gain } = regressor
  if (gain === null) return []
  let total = 0
  for (const value of gain) total += value
  if (!(total > 0)) return []
  return names.map((feature, at) => ({ feature, share: gain[at] / total })).sort((a, b) => b.share - a.share)
}
