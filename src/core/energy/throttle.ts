import { firstNotBefore } from '../math/firstNotBefore'

/**
 * Bits of nvidia-smi's clock event reasons (clocks_event_reasons.active; NVML nvmlClocksEventReasons).
 * Idle, application clocks, sync boost and display settings are no fault of a measurement.
 */
const powerCapBit = 0x4
const faultBits: readonly (readonly [bit: number, name: string])[] = [
  [0x8, 'hardware slowdown'],
  [0x20, 'software thermal slowdown'],
  [0x40, 'hardware thermal slowdown'],
  [0x80, 'power brake']
]

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
  const faults = faultBits.filter(([bit]) => hasBit(mask, bit)).map(([, name]) => name)
  return { mask, faults, isCapped: hasBit(mask, powerCapBit) }
}

/** The mask is a 64-bit field kept as a double: bitwise operators would cut it to 32 bits, division does not. */
function hasBit(mask: number, bit: number): boolean {
  return Math.floor(mask / bit) % 2 === 1
}
