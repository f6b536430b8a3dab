import type { GpuSensor, PhaseMark } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import { countOf, formatDuration, formatPercent } from '../../shared/units'
import { counterAgreement } from './energyCounter'
import type { ReadingCount } from './powerTrace'
import { isPowerMeter, shortestPhaseMs } from './sensorModel'
import type { Throttling } from './throttle'

/** Fewer readings than this are no integral over a phase. */
export const readingsNeeded = 10
/** Share of a phase that readings must cover. */
export const coverageNeeded = 0.95
/** Share of throttled readings, and of implausible ones, from which a phase is not to be quoted. */
const doubtfulFraction = 0.01

/** What the verdict on a phase is made from. */
export interface PhaseFigures {
  counterJ: number | null
  counterDifference: number | null
  implausible: number
  throttling: Throttling
}

/** Everything that makes the figures of one phase doubtful, each with what to do. */
export function phaseFlags(
  phase: PhaseMark,
  counts: ReadingCount,
  coveredMs: number,
  sensor: GpuSensor,
  figures: PhaseFigures
): AppError[] {
  const durationMs = phase.toMs - phase.fromMs
  const neededMs = shortestPhaseMs(sensor)
  const isMeter = isPowerMeter(sensor)
  const flags: AppError[] = []
  if (durationMs < neededMs || counts.readings < readingsNeeded) {
    flags.push(
      new AppError(
        'energy.tooShort',
        `Phase "${phase.name}" lasted ${formatDuration(durationMs)} with ${counts.readings} readings; ` +
          (isMeter
            ? `${readingsNeeded} readings of the power meter are needed.`
            : `this sensor needs ${formatDuration(neededMs)} and ${readingsNeeded} readings.`),
        'Repeat the work inside the phase until it lasts long enough, and give their number as "repetitions".'
      )
    )
  }
  if (durationMs > 0 && coveredMs < coverageNeeded * durationMs) {
    flags.push(
      new AppError(
        'data.missing',
        `Readings cover ${Math.floor((coveredMs / durationMs) * 100)} % of phase "${phase.name}".`,
        'The figures are for the covered part only; record again' +
          (isMeter
            ? ', and see why readings were lost.'
            : ', with a longer interval if the sampler was restarted.')
      )
    )
  }
  if (counts.readings >= readingsNeeded && counts.uniqueValues < 3) {
    flags.push(
      new AppError(
        'data.invalid',
        `The power reading took only ${countOf(counts.uniqueValues, 'value')} during phase "${phase.name}".`,
        isMeter
          ? 'The power meter is coarse, at the end of its range, or not in the supply of the board: check the wiring.'
          : 'The sensor is coarse or stuck: check that the work ran on this GPU and lasts long enough.'
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
  return [...flags, ...physicsFlags(phase, counts.readings, durationMs >= neededMs, figures)]
}

function physicsFlags(
  phase: PhaseMark,
  readings: number,
  isLongEnough: boolean,
  { counterJ, counterDifference, implausible, throttling }: PhaseFigures
): AppError[] {
  const flags: AppError[] = []
  // In a phase of a few sensor windows both figures are blurred at the ends: energy.tooShort says so already.
  if (isLongEnough && counterDifference !== null && Math.abs(counterDifference) > counterAgreement) {
    flags.push(
      new AppError(
        'energy.counterDisagrees',
        `In phase "${phase.name}" the energy counter moved by ${counterJ!.toFixed(1)} J, ` +
          `${formatPercent(Math.abs(counterDifference))} ${counterDifference > 0 ? 'more' : 'less'} than the power readings amount to.`,
        'One of the two is wrong: compare both on a long constant load, with another driver or a wattmeter.'
      )
    )
  }
  if ((throttling.throttledFraction ?? 0) > doubtfulFraction) {
    flags.push(
      new AppError(
        'energy.throttled',
        `The clocks were held down in ${formatPercent(throttling.throttledFraction)} of phase "${phase.name}" ` +
          `(${throttling.reasons.join(', ')}).`,
        'Let the GPU cool down between trials, or lock a clock that it can hold (--lock-clock MHZ).'
      )
    )
  }
  if (implausible > doubtfulFraction * readings) {
    flags.push(
      new AppError(
        'energy.implausible',
        `Left out ${countOf(implausible, 'power reading')} of phase "${phase.name}" that cannot be true.`,
        'Update the driver; compare with the energy counter.'
      )
    )
  }
  return flags
}
