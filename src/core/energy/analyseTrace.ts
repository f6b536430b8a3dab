import type { IdleBaseline, PhaseEnergy, TrialSummary } from '../../shared/contract/energy'
import type { GpuSensor, PhaseMark } from '../../shared/contract/gpu'
import { idleBaselineOf, idlePhaseName } from './idleBaseline'
import { phaseEnergyOf } from './phaseEnergy'
import type { PowerTrace } from './powerTrace'
import { timingOf } from './sensorModel'
import { summariseTrials } from './trialSummary'

/** The phase that stands for the whole command. */
export const wholePhaseName = '(whole)'

export interface TraceAnalysis {
  idle: IdleBaseline
  phases: PhaseEnergy[]
  summaries: TrialSummary[]
}

/**
 * Everything that is said about one GPU of a recording.
 *
 * @param restMs length of the rest before the command; the command ran from there to `durationMs`
 * @param confidence of the intervals over trials, 0..1
 */
export function analyseTrace(
  trace: PowerTrace,
  marks: readonly PhaseMark[],
  restMs: number,
  durationMs: number,
  sensor: GpuSensor,
  confidence: number
): TraceAnalysis {
  const idle = idleBaselineOf(trace, marks, restMs, timingOf(sensor).averagingWindowMs)
  const whole: PhaseMark = {
    name: wholePhaseName,
    trial: 1,
    fromMs: restMs,
    toMs: durationMs,
    repetitions: null,
    ended: true
  }
  const phases = [whole, ...marks].map((mark) => phaseEnergyOf(trace, mark, idle, sensor))
  const trialsByName = new Map<string, PhaseEnergy[]>()
  for (const phase of phases) {
    if (phase.name === idlePhaseName || (phase.name === wholePhaseName && marks.length > 0)) continue
    trialsByName.set(phase.name, [...(trialsByName.get(phase.name) ?? []), phase])
  }
  const summaries = [...trialsByName.values()].map((trials) => summariseTrials(trials, sensor, confidence))
  return { idle, phases, summaries }
}
