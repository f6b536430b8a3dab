import { clockReasonsOf, powerCap } from '../gpu/clockReasons'
import { firstNotBefore } from '../math/firstNotBefore'

/** How much of a span the GPU was slowed down. */
export interface Throttling {
  /** Share of the readings with heat, hardware slowdown or power brake, 0..1; null without readings. */
  throttledFraction: number | null
  /** Share of the readings at the power limit; null without readings. */
  powerCappedFraction: number | null
  /** Names of the limits that were seen. */
  reasons: string[]
}

/** Shares of throttled and power-capped readings within [fromMs, toMs], added in the order of time. */
export function createThrottleMeter(
  fromMs: number,
  toMs: number
): { add(tMs: ArrayLike<number>, mask: ArrayLike<number>): void; result(): Throttling } {
  let readings = 0
  let throttled = 0
  let capped = 0
  const seen = new Set<string>()
  // A mask seldom changes from one reading to the next.
  let last = reasonsOf(0)
  const take = (mask: number): void => {
    if (mask !== last.mask) {
      last = reasonsOf(mask)
      for (const name of last.faults) seen.add(name)
    }
    readings++
    if (last.faults.length > 0) throttled++
    if (last.isCapped) capped++
  }
  return {
    add(tMs, mask) {
      for (let i = firstNotBefore(tMs, fromMs); i < tMs.length && tMs[i] <= toMs; i++) {
        if (!Number.isNaN(mask[i])) take(mask[i])
      }
    },
    result: () => ({
      throttledFraction: readings === 0 ? null : throttled / readings,
      powerCappedFraction: readings === 0 ? null : capped / readings,
      reasons: [...seen]
    })
  }
}

function reasonsOf(mask: number): { mask: number; faults: string[]; isCapped: boolean } {
  const reasons = clockReasonsOf(mask)
  const faults = reasons.filter(({ isFault }) => isFault).map(({ name }) => name)
  return { mask, faults, isCapped: reasons.includes(powerCap) }
}
