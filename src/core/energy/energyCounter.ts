import { firstNotBefore } from '../math/firstNotBefore'

/** Readings of a cumulative energy counter. */
export interface CounterTrace {
  /** Ascending, ms since the recording's start. */
  readonly tMs: Float64Array
  /** Cumulative, J; never falls. NaN: what was used in between is not known. */
  readonly energyJ: Float64Array
}

/** Largest difference between counter and power integral, by the integral, that still counts as the same energy. */
export const counterAgreement = 0.05

/** Energy between two instants, J; null where the readings do not say. */
export type CounterReader = (fromMs: number, toMs: number) => number | null

/**
 * Energy of a counter between two instants. A counter moves in steps (NVML's about every 100 ms): it is read at the
 * instants at which it was seen to have moved, and is linear between them.
 *
 * @returns a reader; it returns null when the readings do not reach from `fromMs` to `toMs`, when a reading between them is
 *   unknown, when the counter ran backwards (the driver was loaded again), or when it never moved
 */
export function counterReader(trace: CounterTrace): CounterReader {
  const isKnown = (_: number, at: number): boolean => !Number.isNaN(trace.energyJ[at])
  const [tMs, energyJ] = [trace.tMs.filter(isKnown), trace.energyJ.filter(isKnown)]
  const unknownMs = trace.tMs.filter((_, at) => !isKnown(_, at))
  const steps = stepsOf({ tMs, energyJ })
  const lastMs = tMs.at(-1) ?? NaN
  return (fromMs, toMs) => {
    if (steps === null || !(toMs > fromMs) || steps.tMs[0] > fromMs || lastMs < toMs) return null
    if (unknownMs[firstNotBefore(unknownMs, fromMs)] <= toMs) return null
    return energyAt(steps, toMs) - energyAt(steps, fromMs)
  }
}

/** The first reading and those at which the counter had moved; null when it ran backwards or never moved. */
function stepsOf({ tMs, energyJ }: CounterTrace): CounterTrace | null {
  const steps = { tMs: new Float64Array(tMs.length), energyJ: new Float64Array(tMs.length) }
  let count = 0
  for (let i = 0; i < tMs.length; i++) {
    if (i > 0 && energyJ[i] < energyJ[i - 1]) return null
    if (i > 0 && energyJ[i] === energyJ[i - 1]) continue
    steps.tMs[count] = tMs[i]
    steps.energyJ[count] = energyJ[i]
    count++
  }
  if (count < 2) return null
  return { tMs: steps.tMs.subarray(0, count), energyJ: steps.energyJ.subarray(0, count) }
}

function energyAt({ tMs, energyJ }: CounterTrace, atMs: number): number {
  let after = firstNotBefore(tMs, atMs)
  while (after < tMs.length && tMs[after] === atMs) after++
  const before = after - 1
  if (after === tMs.length) return energyJ[before]
  const share = (atMs - tMs[before]) / (tMs[after] - tMs[before])
  return energyJ[before] + share * (energyJ[after] - energyJ[before])
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
