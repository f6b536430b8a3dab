import type { PhaseEnergy, TrialSummary } from '../../shared/contract/energy'
import type { GpuSensor } from '../../shared/contract/gpu'
import { countOf, formatDuration, formatPercent } from '../../shared/units'
import { intervalOf } from './interval'
import { isPowerMeter, timingOf } from './sensorModel'

/** Trials needed on a sensor that looks at part of the time (arXiv 2312.02741), and on one that sees all of it. */
const trialsOnPartTimeSensor = 4
const trialsOtherwise = 3
/** Load needed over all trials: either is enough (arXiv 2312.02741). */
const loadNeededMs = 5_000
const repetitionsNeeded = 32
/** Largest standard deviation over trials, by the mean, that still counts as the same thing measured again. */
export const maxSpread = 0.05

/** A reason to reject figures, with what to do. */
export interface Doubt {
  readonly message: string
  readonly hint: string
}

/** Of a command, which marks its phases itself. */
const markMore = 'Mark the phase several times in one run, with a pause of random length between.'

/** Share of readings at the power limit from which it is worth a note. */
const cappedWorthANote = 0.1

/**
 * The trials of one phase on one GPU together: means with confidence intervals and the verdict. INVALID means that
 * the figures must not be quoted, and says what is missing; it never means that they were hidden.
 *
 * @param doubts reasons that hold for the whole recording; `notes` likewise, but no reason to reject
 * @param moreTrials how the user gets more trials: a hint where there are too few
 */
export function summariseTrials(
  trials: readonly PhaseEnergy[],
  sensor: GpuSensor,
  confidence: number,
  doubts: readonly Doubt[] = [],
  notes: readonly string[] = [],
  moreTrials = markMore
): TrialSummary {
  const first = trials[0]
  const perRepetition = trials.every((trial) => trial.repetitions !== null)
  const numbers = (read: (trial: PhaseEnergy) => number | null): number[] =>
    trials.map(read).filter((value) => value !== null)
  const totals = numbers((trial) => (perRepetition ? trial.totalPerRepetitionJ : trial.totalJ))
  const nets = numbers((trial) => (perRepetition ? trial.netPerRepetitionJ : trial.netJ))
  const totalJ = intervalOf(totals, confidence)
  const spread =
    totalJ === null || totalJ.mean === 0 ? null : totalJ.standardDeviation / Math.abs(totalJ.mean)
  const reasons = [
    ...doubts,
    ...tooLittle(trials, timingOf(sensor).partTime, moreTrials),
    ...unclear(trials, totals.length, spread, sensor),
    ...flagReasons(trials)
  ].map((doubt) => ({ ...doubt }))
  return {
    name: first.name,
    gpuIndex: first.gpuIndex,
    trials: trials.length,
    per: perRepetition ? 'repetition' : 'trial',
    totalJ,
    netJ: nets.length === trials.length ? intervalOf(nets, confidence) : null,
    meanW: intervalOf(
      numbers((trial) => trial.meanW),
      confidence
    ),
    durationMs: intervalOf(
      trials.map((trial) => trial.durationMs),
      confidence
    ),
    spread,
    verdict: reasons.length === 0 ? 'VALID' : 'INVALID',
    reasons,
    notes: [...notes, ...powerCapNote(trials)]
  }
}

/** Too few trials, or too little load in them. */
function tooLittle(trials: readonly PhaseEnergy[], partTime: boolean, moreTrials: string): Doubt[] {
  const reasons: Doubt[] = []
  const needed = partTime ? trialsOnPartTimeSensor : trialsOtherwise
  if (trials.length < needed) {
    reasons.push({
      message: `${countOf(trials.length, 'trial')}; ${needed} are needed${partTime ? ' on a sensor that sees part of the time' : ''}.`,
      hint: moreTrials
    })
  }
  const loadMs = trials.reduce((sum, trial) => sum + trial.durationMs, 0)
  const repetitions = trials.reduce((sum, trial) => sum + (trial.repetitions ?? 0), 0)
  if (loadMs < loadNeededMs && repetitions < repetitionsNeeded) {
    reasons.push({
      message: `${formatDuration(loadMs)} of load in all${repetitions > 0 ? ` and ${repetitions} repetitions` : ''}.`,
      hint: `Repeat until there are ${formatDuration(loadNeededMs)} of load or ${repetitionsNeeded} repetitions.`
    })
  }
  return reasons
}

/** Trials without a figure, or that differ too much. `known`: trials with a figure. */
function unclear(
  trials: readonly PhaseEnergy[],
  known: number,
  spread: number | null,
  sensor: GpuSensor
): Doubt[] {
  const reasons: Doubt[] = []
  if (known < trials.length) {
    reasons.push({
      message: `No energy figure in ${countOf(trials.length - known, 'trial')}.`,
      hint: 'No power was read during them; see the gaps of the recording.'
    })
  }
  if (spread !== null && spread > maxSpread) {
    reasons.push({
      message: `Trials differ by ${formatPercent(spread)} (standard deviation); ${formatPercent(maxSpread, 0)} is allowed.`,
      hint: isPowerMeter(sensor)
        ? 'Repeat the same work, and keep everything else behind the power meter unchanged: supply, clock, other chips.'
        : 'Warm up first, fix the clocks if you may (nvidia-smi -lgc), and keep other work off the GPU.'
    })
  }
  return reasons
}

/** What was flagged in single trials, each flag once. */
function flagReasons(trials: readonly PhaseEnergy[]): Doubt[] {
  const flagged = new Map<string, { count: number; message: string; hint: string }>()
  for (const flag of trials.flatMap((trial) => trial.flags)) {
    const known = flagged.get(flag.code)
    if (known === undefined) flagged.set(flag.code, { count: 1, message: flag.message, hint: flag.hint })
    else known.count++
  }
  return [...flagged.values()].map(({ count, message, hint }) => ({
    message: count === 1 ? message : `${message} (and ${count - 1} more)`,
    hint
  }))
}

function powerCapNote(trials: readonly PhaseEnergy[]): string[] {
  const most = Math.max(...trials.map((trial) => trial.powerCappedFraction ?? 0))
  if (most <= cappedWorthANote) return []
  return [
    `At the power limit for up to ${formatPercent(most, 0)} of a trial: time and clocks depend on that limit.`
  ]
}
