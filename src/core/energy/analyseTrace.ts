import type { IdleBaseline, PhaseEnergy, TrialSummary } from '../../shared/contract/energy'
import type { GpuSensor, PhaseMark } from '../../shared/contract/gpu'
import { idleAfterOf, idleBaselineOf, idlePhaseName } from './idleBaseline'
import { counterReader, type CounterTrace } from './energyCounter'
import { phaseEnergyOf } from './phaseEnergy'
import { withoutImplausible } from './plausible'
import type { PowerTrace } from './powerTrace'
import { timingOf } from './sensorModel'
import type { ThrottleTrace } from './throttle'
import { summariseTrials, type Doubt } from './trialSummary'

/** The phase that stands for the whole command. */
export const wholePhaseName = '(whole)'

/** Energy of a recording and of its phases, with what speaks against the figures. */
export interface TraceAnalysis {
  idle: IdleBaseline
  idleAfter: IdleBaseline
  phases: PhaseEnergy[]
  summaries: TrialSummary[]
}

/** What was read beside the power, and what is known of the whole recording. */
export interface TraceEvidence {
  readonly counter: CounterTrace | null
  readonly throttle: ThrottleTrace | null
  readonly powerLimitW: number | null
  /** Rest recorded after the command, ms. */
  readonly idleAfterMs: number
  /** Reasons that hold for every phase, e.g. other processes on the GPU. */
  readonly doubts: readonly Doubt[]
  readonly notes: readonly string[]
}

const none: TraceEvidence = {
  counter: null,
  throttle: null,
  powerLimitW: null,
  idleAfterMs: 0,
  doubts: [],
  notes: []
}

/**
 * Everything that is said about one GPU of a recording.
 *
 * @param restMs length of the rest before the command; the command ran from there to `durationMs`
 * @param confidence of the intervals over trials, 0..1
 */
export function analyseTrace(
  readings: PowerTrace,
  marks: readonly PhaseMark[],
  restMs: number,
  durationMs: number,
  sensor: GpuSensor,
  confidence: number,
  evidence: TraceEvidence = none
): TraceAnalysis {
  const { trace, removedMs } = withoutImplausible(readings, evidence.powerLimitW)
  const idle = idleBaselineOf(trace, marks, restMs, timingOf(sensor).averagingWindowMs)
  const idleAfter = idleAfterOf(
    trace,
    marks,
    durationMs,
    durationMs + evidence.idleAfterMs,
    timingOf(sensor).averagingWindowMs
  )
  const whole: PhaseMark = {
    name: wholePhaseName,
    trial: 1,
    fromMs: restMs,
    toMs: durationMs,
    repetitions: null,
    ended: true
  }
  const counter = evidence.counter === null ? null : counterReader(evidence.counter)
  const phases = [whole, ...marks].map((mark) =>
    phaseEnergyOf(trace, mark, idle, sensor, { counter, throttle: evidence.throttle, removedMs })
  )
  const notes = [...evidence.notes, ...idleDrift(idle, idleAfter)]
  const summaries = summariesOf(phases, sensor, confidence, evidence.doubts, notes)
  return { idle, idleAfter, phases, summaries }
}

/** The trials of every phase of one GPU together; the whole command only where it marked no phase. */
export function summariesOf(
  phases: readonly PhaseEnergy[],
  sensor: GpuSensor,
  confidence: number,
  doubts: readonly Doubt[],
  notes: readonly string[]
): TrialSummary[] {
  const hasMarks = phases.some((phase) => phase.name !== wholePhaseName)
  const trialsByName = new Map<string, PhaseEnergy[]>()
  for (const phase of phases) {
    if (phase.name === idlePhaseName || (phase.name === wholePhaseName && hasMarks)) continue
    trialsByName.set(phase.name, [...(trialsByName.get(phase.name) ?? []), phase])
  }
  return [...trialsByName.values()].map((trials) =>
    summariseTrials(trials, sensor, confidence, doubts, notes)
  )
}

/** Share by which the baseline may move over a run without a note. */
const driftWorthANote = 0.1

/** A note where the power at rest (W) moved over the run by more than a tenth. */
export function idleDrift(
  before: Pick<IdleBaseline, 'powerW'>,
  after: Pick<IdleBaseline, 'powerW'>
): string[] {
  if (before.powerW === null || after.powerW === null || before.powerW <= 0) return []
  const drift = after.powerW / before.powerW - 1
  if (Math.abs(drift) <= driftWorthANote) return []
  return [
    `At rest the GPU drew ${before.powerW.toFixed(1)} W before and ${after.powerW.toFixed(1)} W after the run; ` +
      'net figures use the one before.'
  ]
}
