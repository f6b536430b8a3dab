import type { PhaseEnergy } from '../../../shared/contract/energy'
import type { WorkloadEvidence } from '../../../shared/contract/workload/workloadEvidence'
import type {
  LoopCopies,
  MeasuredFigure,
  StartTemperature
} from '../../../shared/contract/workload/workloadRows'
import { summariseTrials } from '../../energy/trialSummary'
import { meanFigure, notBelowZero, timeFigure, unavailableFigure } from './figures'
import { startDoubts, startTemperature } from './startTemperature'

/** Why there is no energy. */
export const noPower = 'No power was recorded: the network did not run on an NVIDIA GPU.'

/** Time and energy of one step, each per repetition. */
export interface StepFigures {
  /** µs per repetition in each trial. */
  readonly us: readonly number[]
  readonly timeUs: MeasuredFigure
  readonly totalJ: MeasuredFigure
  readonly netJ: MeasuredFigure
  readonly meanW: MeasuredFigure
  /** Null without a GPU. */
  readonly startC: StartTemperature | null
  readonly copies: LoopCopies | null
}

/** Time (us per call) and energy of a step over its trials, with intervals at `confidence`. */
export function stepFigures(name: string, evidence: WorkloadEvidence, confidence: number): StepFigures {
  const timings = evidence.timings.filter((timing) => timing.name === name)
  const us = timings.map(({ durationMs, repetitions }) => (durationMs * 1000) / repetitions)
  return {
    ...{ us, timeUs: timeFigure(us, confidence), ...energyFigures(name, evidence, confidence) },
    ...{ startC: startTemperature(name, timings), copies: timings.at(-1)?.copies ?? null }
  }
}

function energyFigures(
  name: string,
  { energies, timings }: WorkloadEvidence,
  confidence: number
): Pick<StepFigures, 'totalJ' | 'netJ' | 'meanW'> {
  const [session] = energies
  if (session === undefined) return without(noPower)
  const trials = energies.flatMap(({ phases }) =>
    // A phase without repetitions never ended: its runner failed or was cancelled in it, and its time is no trial either.
    phases.filter((phase): phase is PhaseEnergy => phase.name === name && phase.repetitions !== null)
  )
  if (trials.length === 0) return without('This step was not recorded.', session.origin)
  const { totalJ, netJ, meanW, reasons } = summariseTrials(trials, session.sensor, confidence)
  const origin = energies.some((one) => one.origin === 'simulated') ? 'simulated' : session.origin
  const doubts = [
    ...new Set(energies.flatMap((one) => one.doubts)),
    ...reasons.map(({ message }) => message),
    ...startDoubts(startTemperature(name, timings))
  ]
  return {
    totalJ: notBelowZero(meanFigure(totalJ, origin, doubts)),
    // A trial with joules and no net ones lacks the baseline; without two trials the net has no interval, as the total.
    netJ: trials.some((trial) => trial.totalJ !== null && trial.netJ === null)
      ? unavailableFigure('No idle baseline was taken.', origin)
      : meanFigure(netJ, origin, doubts),
    meanW: notBelowZero(meanFigure(meanW, origin, doubts))
  }
}

function without(
  reason: string,
  origin: MeasuredFigure['origin'] = 'measured'
): Pick<StepFigures, 'totalJ' | 'netJ' | 'meanW'> {
  const none = unavailableFigure(reason, origin)
  return { totalJ: none, netJ: none, meanW: none }
}
