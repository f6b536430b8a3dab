import type { IdleBaseline, PhaseEnergy } from '../../shared/contract/energy'
import type { GpuSensor, PhaseMark } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import { formatDuration } from '../../shared/units'
import { integratePower } from './integratePower'
import { countReadings, type PowerTrace } from './powerTrace'
import { timingOf } from './sensorModel'

/**
 * A phase must last this many sensor windows: at either end up to one window mixes in what was before or is cut off,
 * so that the error this can cause stays about a tenth.
 */
const windowsNeeded = 10
const readingsNeeded = 10
/** Share of a phase that readings must cover. */
export const coverageNeeded = 0.95

/** Shortest phase that this sensor can tell something about, ms. */
export function shortestPhaseMs(sensor: GpuSensor): number {
  const { updatePeriodMs, averagingWindowMs } = timingOf(sensor)
  return windowsNeeded * Math.max(updatePeriodMs, averagingWindowMs)
}

/**
 * Energy of one phase on one GPU: total by the trapezoid rule, the idle part, and the rest (net). Nothing is taken off
 * silently, nothing is made up for gaps, and what makes the figure doubtful is in `flags`.
 */
export function phaseEnergyOf(
  trace: PowerTrace,
  phase: PhaseMark,
  idle: IdleBaseline,
  sensor: GpuSensor
): PhaseEnergy {
  const { fromMs, toMs, repetitions } = phase
  const durationMs = toMs - fromMs
  const whole = integratePower(trace.tMs, trace.powerW, fromMs, toMs, trace.gapAfterMs, trace.gaps)
  const counts = countReadings(trace, fromMs, toMs)
  const { averagingWindowMs, updatePeriodMs } = timingOf(sensor)
  const settledFromMs = fromMs + averagingWindowMs + updatePeriodMs
  const settled =
    settledFromMs < toMs
      ? integratePower(trace.tMs, trace.powerW, settledFromMs, toMs, trace.gapAfterMs, trace.gaps).meanW
      : NaN
  const totalJ = orNull(whole.energyJ)
  const idleJ = idle.powerW === null || totalJ === null ? null : (idle.powerW * whole.coveredMs) / 1000
  const netJ = idleJ === null || totalJ === null ? null : totalJ - idleJ
  const perRepetition = (energyJ: number | null): number | null =>
    energyJ === null || repetitions === null ? null : energyJ / repetitions

  const flags: AppError[] = []
  const neededMs = shortestPhaseMs(sensor)
  if (durationMs < neededMs || counts.readings < readingsNeeded) {
    flags.push(
      new AppError(
        'energy.tooShort',
        `Phase "${phase.name}" lasted ${formatDuration(durationMs)} with ${counts.readings} readings; ` +
          `this sensor needs ${formatDuration(neededMs)} and ${readingsNeeded} readings.`,
        'Repeat the work inside the phase until it lasts long enough, and tell the number as "repetitions".'
      )
    )
  }
  if (durationMs > 0 && whole.coveredMs < coverageNeeded * durationMs) {
    flags.push(
      new AppError(
        'data.missing',
        `Readings cover ${Math.floor((whole.coveredMs / durationMs) * 100)} % of phase "${phase.name}".`,
        'The figures are for the covered part only; record again, with a longer interval if the sampler was restarted.'
      )
    )
  }
  if (counts.readings >= readingsNeeded && counts.uniqueValues < 3) {
    flags.push(
      new AppError(
        'data.invalid',
        `The power reading took only ${counts.uniqueValues} value(s) during phase "${phase.name}".`,
        'The sensor is coarse or stuck: check that the work ran on this GPU and lasts long enough.'
      )
    )
  }
  if (!phase.ended) {
    flags.push(
      new AppError(
        'data.invalid',
        `The command did not mark the end of phase "${phase.name}".`,
        'Print the line with state "end" and flush stdout before the command ends.'
      )
    )
  }
  return {
    name: phase.name,
    trial: phase.trial,
    gpuIndex: trace.gpuIndex,
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
    settledMeanW: orNull(settled),
    repetitions,
    totalPerRepetitionJ: perRepetition(totalJ),
    netPerRepetitionJ: perRepetition(netJ),
    flags: flags.map((flag) => flag.toJSON())
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
