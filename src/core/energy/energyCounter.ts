/** Readings of a cumulative energy counter. */
export interface CounterTrace {
  /** Ascending, ms since the recording's start. */
  readonly tMs: Float64Array
  /** Cumulative, J; never falls. */
  readonly energyJ: Float64Array
}

/** Largest difference between counter and power integral, by the integral, that still counts as the same energy. */
export const counterAgreement = 0.05

/**
 * Energy of a counter between two instants. A counter moves in steps (NVML's about every 100 ms): it is read at the
 * instants at which it was seen to have moved, and is linear between them.
 *
 * @returns null when the readings do not reach from `fromMs` to `toMs`, when the counter ran backwards (the driver
 *   was loaded again), or when it never moved
 */
export function counterBetween(trace: CounterTrace, fromMs: number, toMs: number): number | null {
  const { tMs, energyJ } = trace
  if (tMs.length < 2 || !(toMs > fromMs) || tMs[0] > fromMs || tMs[tMs.length - 1] < toMs) return null
  const steps: { tMs: number; energyJ: number }[] = [{ tMs: tMs[0], energyJ: energyJ[0] }]
  for (let i = 1; i < tMs.length; i++) {
    if (energyJ[i] < energyJ[i - 1]) return null
    if (energyJ[i] > energyJ[i - 1]) steps.push({ tMs: tMs[i], energyJ: energyJ[i] })
  }
  if (steps.length < 2) return null
  return at(steps, toMs) - at(steps, fromMs)
}

function at(steps: readonly { tMs: number; energyJ: number }[], tMs: number): number {
  const last = steps[steps.length - 1]
  if (tMs >= last.tMs) return last.energyJ
  let low = 0
  let high = steps.length - 1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (steps[middle].tMs <= tMs) low = middle
    else high = middle
  }
  const a = steps[low]
  const b = steps[high]
  return a.energyJ + ((b.energyJ - a.energyJ) * (tMs - a.tMs)) / (b.tMs - a.tMs)
}

/**
 * Makes a counter that starts again at 0 after `rangeUj` (RAPL's max_energy_range_uj) one that goes on, µJ.
 * Two wraps between two readings cannot be seen: read at least once in the range's time (about a minute at 1 kW).
 */
export function createUnwrapper(rangeUj: number): (readingUj: number) => number {
  let offset = 0
  let last = 0
  return (reading) => {
    if (reading < last) offset += rangeUj
    last = reading
    return offset + reading
  }
}
