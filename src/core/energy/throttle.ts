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

/** Clock event reasons over time; NaN where unavailable. */
export interface ThrottleTrace {
  readonly tMs: Float64Array
  readonly mask: Float64Array
}

/** How much of a span the GPU was slowed down. */
export interface Throttling {
  /** Share of the readings with heat, hardware slowdown or power brake, 0..1; null without readings. */
  throttledFraction: number | null
  /** Share of the readings at the power limit; null without readings. */
  powerCappedFraction: number | null
  /** Names of the limits that were seen. */
  reasons: string[]
}

/** Shares of throttled and power-capped readings within [fromMs, toMs]. */
export function throttlingOf(trace: ThrottleTrace | null, fromMs: number, toMs: number): Throttling {
  let readings = 0
  let throttled = 0
  let capped = 0
  const seen = new Set<string>()
  for (let i = trace === null ? 0 : firstNotBefore(trace.tMs, fromMs); i < (trace?.tMs.length ?? 0); i++) {
    if (trace!.tMs[i] > toMs) break
    const mask = trace!.mask[i]
    if (Number.isNaN(mask)) continue
    readings++
    const names = faultBits.filter(([bit]) => hasBit(mask, bit)).map(([, name]) => name)
    for (const name of names) seen.add(name)
    if (names.length > 0) throttled++
    if (hasBit(mask, powerCapBit)) capped++
  }
  if (readings === 0) return { throttledFraction: null, powerCappedFraction: null, reasons: [] }
  return {
    throttledFraction: throttled / readings,
    powerCappedFraction: capped / readings,
    reasons: [...seen]
  }
}

/** The mask is a 64-bit field kept as a double: bitwise operators would cut it to 32 bits, division does not. */
function hasBit(mask: number, bit: number): boolean {
  return Math.floor(mask / bit) % 2 === 1
}
