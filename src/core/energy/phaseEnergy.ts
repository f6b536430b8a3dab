import type { IdleBaseline, PhaseEnergy } from '../../shared/contract/energy'
import type { GpuSensor, PhaseMark } from '../../shared/contract/gpu'
import type { CounterReader } from './energyCounter'
import { phaseFlags } from './phaseFlags'
import type { PhaseReadings } from './phaseMeter'

/** What was read beside the power. */
export interface PhaseEvidence {
  readonly counter: CounterReader | null
  /** Times of readings that were left out as implausible, ms. */
  readonly removedMs: readonly number[]
}

/**
 * Energy of one phase on one GPU: total by the trapezoid rule, the idle part, and the rest (net). Nothing is taken off
 * silently, nothing is made up for gaps, and what makes the figure doubtful is in `flags`.
 */
export function phaseEnergyOf(
  phase: PhaseMark,
  { whole, settledMeanW, counts, throttling }: PhaseReadings,
  idle: IdleBaseline,
  sensor: GpuSensor,
  evidence: PhaseEvidence
): PhaseEnergy {
  const { fromMs, toMs, repetitions } = phase
  const durationMs = toMs - fromMs
  const totalJ = orNull(whole.energyJ)
  const idleJ = idle.powerW === null || totalJ === null ? null : (idle.powerW * whole.coveredMs) / 1000
  const netJ = idleJ === null || totalJ === null ? null : totalJ - idleJ
  const perRepetition = (energyJ: number | null): number | null =>
    energyJ === null || repetitions === null ? null : energyJ / repetitions

  const counted = evidence.counter?.(fromMs, toMs) ?? null
  // Over a gap the integral is missing something that the counter has: there is nothing to compare.
  const comparable = counted !== null && totalJ !== null && totalJ > 0 && whole.gapCount === 0
  const figures = {
    counterJ: counted,
    counterDifference: comparable ? (counted - totalJ) / totalJ : null,
    implausible: evidence.removedMs.filter((tMs) => tMs >= fromMs && tMs <= toMs).length,
    throttling
  }
  const flags = phaseFlags(phase, counts, whole.coveredMs, sensor, figures)
  return {
    name: phase.name,
    trial: phase.trial,
    gpuIndex: idle.gpuIndex,
    fromMs,
    toMs,
    durationMs,
    coveredMs: whole.coveredMs,
    gapCount: whole.gapCount,
    samples: counts.readings,
    achievedHz: counts.achievedHz,
    uniqueValues: counts.uniqueValues,
    sensorUpdates: counts.changes,
    totalJ,
    idleJ,
    netJ,
    meanW: orNull(whole.meanW),
    peakW: orNull(whole.peakW),
    settledMeanW: orNull(settledMeanW),
    repetitions,
    totalPerRepetitionJ: perRepetition(totalJ),
    netPerRepetitionJ: perRepetition(netJ),
    counterJ: figures.counterJ,
    counterDifference: figures.counterDifference,
    implausible: figures.implausible,
    throttledFraction: throttling.throttledFraction,
    powerCappedFraction: throttling.powerCappedFraction,
    flags: flags.map((flag) => flag.toJSON())
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
