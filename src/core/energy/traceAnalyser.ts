import type { IdleBaseline, PhaseEnergy, TrialSummary } from '../../shared/contract/energy'
import type { GpuSensor, PhaseMark } from '../../shared/contract/gpu'
import { formatAmount } from '../../shared/units'
import { counterReader, type CounterTrace } from './energyCounter'
import { idleAfterOf, idleBaselineOf, idlePhaseName } from './idleBaseline'
import { phaseEnergyOf } from './phaseEnergy'
import { createPhaseMeter, type PhaseMeter } from './phaseMeter'
import { createPlausibleBlocks } from './plausible'
import type { PowerTrace } from './powerTrace'
import { isPowerMeter, timingOf } from './sensorModel'
import { summariseTrials, type Doubt } from './trialSummary'

/** The name of the phase of the whole command. */
export const wholePhaseName = '(whole)'

/** Energy of a recording and of its phases, with the reasons to doubt the figures. */
export interface TraceAnalysis {
  idle: IdleBaseline
  idleAfter: IdleBaseline
  phases: PhaseEnergy[]
  summaries: TrialSummary[]
}

/** One GPU of a recording: everything but its readings. */
export interface TraceSubject extends PowerTrace {
  readonly marks: readonly PhaseMark[]
  /** Length of the rest before the command, ms; the command ran from there to `durationMs`. */
  readonly restMs: number
  readonly durationMs: number
  /** Rest recorded after the command, ms. */
  readonly idleAfterMs: number
  readonly sensor: GpuSensor
  /** Confidence of the intervals over trials, 0..1. */
  readonly confidence: number
  readonly counter: CounterTrace | null
  /** Power limit of the GPU; 'any' where every reading is believed. */
  readonly powerLimitW: number | null | 'any'
  /** Reasons that hold for every phase, e.g. other processes on the GPU. */
  readonly doubts: readonly Doubt[]
  readonly notes: readonly string[]
  /** How the user gets more trials; undefined: a command marks its phases. */
  readonly moreTrials?: string | undefined
}

/** Analyses the readings of one GPU as they come, in the order of time, in memory that does not grow with them. */
export interface TraceAnalyser {
  /** One reading: time in ms, power in W, clock event reasons; NaN for what is unavailable. */
  add(tMs: number, powerW: number, mask: number): void
  /** Everything that is said about this GPU; no reading may follow. */
  finish(): TraceAnalysis
}

/** Readings that are analysed at once, times phases: bounds how long a single `add` can take. */
const maxBlockWork = 400_000
const maxBlockReadings = 4096
const minBlockReadings = 16

/** Returns the analyser of one GPU. */
export function createTraceAnalyser(subject: TraceSubject): TraceAnalyser {
  const { marks, restMs, durationMs, idleAfterMs, sensor, gapAfterMs, gaps } = subject
  const { averagingWindowMs, updatePeriodMs } = timingOf(sensor)
  const idle = idleBaselineOf(subject, marks, restMs, averagingWindowMs)
  const idleAfter = idleAfterOf(subject, marks, durationMs, durationMs + idleAfterMs, averagingWindowMs)
  const whole: PhaseMark = {
    name: wholePhaseName,
    trial: 1,
    fromMs: restMs,
    toMs: durationMs,
    repetitions: null,
    ended: true
  }
  const meters = [whole, ...marks].map((mark) =>
    createPhaseMeter(mark, averagingWindowMs + updatePeriodMs, gapAfterMs, gaps)
  )
  const waiting = meters.toSorted((a, b) => b.startsAtMs - a.startsAtMs)
  let active: PhaseMeter[] = []
  const filter = createPlausibleBlocks(
    Math.min(maxBlockReadings, Math.max(minBlockReadings, Math.floor(maxBlockWork / meters.length))),
    subject.powerLimitW,
    (block) => {
      const lastMs = block.tMs.at(-1)!
      while ((waiting.at(-1)?.startsAtMs ?? Infinity) <= lastMs) active.push(waiting.pop()!)
      for (const meter of [idle, idleAfter, ...active]) meter.add(block)
      active = active.filter((meter) => !meter.isComplete(lastMs))
    }
  )
  return {
    add: filter.add,
    finish() {
      filter.end()
      return analysisOf(subject, idle.result(), idleAfter.result(), meters, filter.removedMs)
    }
  }
}

function analysisOf(
  { sensor, confidence, counter, doubts, notes, moreTrials }: TraceSubject,
  idle: IdleBaseline,
  idleAfter: IdleBaseline,
  meters: readonly PhaseMeter[],
  removedMs: readonly number[]
): TraceAnalysis {
  const evidence = { counter: counter === null ? null : counterReader(counter), removedMs }
  const phases = meters.map((meter) => phaseEnergyOf(meter.phase, meter.result(), idle, sensor, evidence))
  const allNotes = [...notes, ...idleDrift(idle, idleAfter, sensor)]
  const summaries = summariesOf(phases, sensor, confidence, doubts, allNotes, moreTrials)
  return { idle, idleAfter, phases, summaries }
}

/** The trials of every phase of one GPU together; the whole command only where it marked no phase. */
export function summariesOf(
  phases: readonly PhaseEnergy[],
  sensor: GpuSensor,
  confidence: number,
  doubts: readonly Doubt[],
  notes: readonly string[],
  moreTrials?: string
): TrialSummary[] {
  const hasMarks = phases.some((phase) => phase.name !== wholePhaseName)
  const trialsByName = new Map<string, PhaseEnergy[]>()
  for (const phase of phases) {
    if (phase.name === idlePhaseName || (phase.name === wholePhaseName && hasMarks)) continue
    trialsByName.set(phase.name, [...(trialsByName.get(phase.name) ?? []), phase])
  }
  return [...trialsByName.values()].map((trials) =>
    summariseTrials(trials, sensor, confidence, doubts, notes, moreTrials)
  )
}

/** Share by which the baseline may move over a run without a note. */
const driftWorthANote = 0.1

/** A note where the power at rest (W) moved over the run by more than a tenth; `sensor` null where that of a GPU is not known. */
export function idleDrift(
  before: Pick<IdleBaseline, 'powerW'>,
  after: Pick<IdleBaseline, 'powerW'>,
  sensor: GpuSensor | null
): string[] {
  if (before.powerW === null || after.powerW === null || before.powerW <= 0) return []
  const drift = after.powerW / before.powerW - 1
  if (Math.abs(drift) <= driftWorthANote) return []
  const isMeter = sensor !== null && isPowerMeter(sensor)
  // A board draws milliwatts: one digit behind the point would say 0.0 W.
  const watt = (powerW: number): string => (isMeter ? formatAmount(powerW, 'W') : `${powerW.toFixed(1)} W`)
  return [
    `At rest ${isMeter ? 'the power meter read' : 'the GPU drew'} ${watt(before.powerW)} before and ${watt(after.powerW)} after the run; ` +
      'net figures use the one before.'
  ]
}
