import type { Timing } from '../../../shared/contract/workload/workloadEvidence'
import type { StartTemperature } from '../../../shared/contract/workload/workloadRows'

/** Trials of a step that started further apart than this are not the same measurement: leakage grows with temperature, K. */
export const maxStartSpreadK = 5
/** A trial starts when the GPU is at most so much above the temperature that it cools down to, K. */
export const coolWithinK = 3

/** The range that the trials of a step started in; null when no temperature was read. */
export function startTemperature(name: string, timings: readonly Timing[]): StartTemperature | null {
  const started = timings.flatMap((timing) => (timing.name === name ? (timing.startC ?? []) : []))
  return started.length === 0 ? null : { minC: Math.min(...started), maxC: Math.max(...started) }
}

/** Why the energy of a step must not be quoted for its start temperatures; empty when they were alike. */
export function startDoubts(range: StartTemperature | null): string[] {
  if (range === null || range.maxC - range.minC <= maxStartSpreadK) return []
  return [
    `Trials started at ${range.minC} °C to ${range.maxC} °C; ${maxStartSpreadK} K apart is allowed. Give the GPU longer to cool down.`
  ]
}
