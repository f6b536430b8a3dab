import { formatPercent } from '../../../shared/units'
import type { Closure } from '../../../shared/contract/workload/workloadRows'

/** Bounds of the sum of the layers by the whole network; outside, the two are not the same work. */
export const closureBounds = { low: 0.8, high: 1.2 } as const

/**
 * Compares the sum over layers with the whole network, per forward pass. Null: not measured.
 */
export function closureOf(
  time: { layersUs: number; wholeUs: number } | null,
  energy: { layersJ: number; wholeJ: number } | null
): Closure {
  const timeRatio = time === null || time.wholeUs <= 0 ? null : time.layersUs / time.wholeUs
  const energyRatio = energy === null || energy.wholeJ <= 0 ? null : energy.layersJ / energy.wholeJ
  const percents = {
    timePercent: timeRatio === null ? null : timeRatio * 100,
    energyPercent: energyRatio === null ? null : energyRatio * 100
  }
  const judged = energyRatio ?? timeRatio
  if (judged === null) {
    return {
      ...percents,
      verdict: 'unavailable',
      reason: 'The whole network or some of its layers were not timed.'
    }
  }
  const outside = [
    { what: 'time', ratio: timeRatio },
    { what: 'energy', ratio: energyRatio }
  ].filter(({ ratio }) => ratio !== null && (ratio < closureBounds.low || ratio > closureBounds.high))
  if (outside.length === 0) return { ...percents, verdict: 'VALID', reason: null }
  const said = outside
    .map(({ what, ratio }) => `${what}: ${formatPercent(ratio, 0)} of the whole network`)
    .join(', ')
  return {
    ...percents,
    verdict: 'INVALID',
    reason: `The layers sum up to ${said} (80 % to 120 % is allowed). ${likelyReason(outside.map(({ ratio }) => ratio! > 1))}`
  }
}

/** Why sums are outside the bounds; `above`: whether each of them is too large. */
function likelyReason(above: readonly boolean[]): string {
  if (above.includes(true) && above.includes(false)) {
    return 'Time and energy contradict each other: the machine was busy with other work, or power was not read during a part of the phases.'
  }
  return above[0]
    ? 'Alone, layers cost more than inside the network: the runtime joins operators across layers there, and a loop has a cost of its own.'
    : 'Something between the layers is in none of them: gaps between launches, cold caches, or operators that are missing.'
}
