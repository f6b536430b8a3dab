import { createRandom } from '../math/random'
import type { WorkloadRequest, WorkloadStep } from '../../shared/contract/workload'
import type { RunnerStep } from '../../shared/contract/workload/workloadProtocol'
import {
  aloneChanges,
  alonePrecisions,
  type WorkloadPrecision
} from '../../shared/contract/workload/workloadRows'
import { AppError } from '../../shared/errors'

/** Share of a phase that a runner warms up before it, and that single passes take after a benchmark. */
const aroundLayer = 1.5
const aroundBenchmark = 2.2
/** Sending, opening the session, the random gap: seconds per trial. */
const perTrialSeconds = 0.3

/** Steps of the runner's plan that the request asks for, none done. @throws input.invalid when that is none */
export function planSteps(
  offered: readonly RunnerStep[],
  request: WorkloadRequest,
  phaseMs: number
): WorkloadStep[] {
  const chosen = offered.filter((step) => isWanted(step, request))
  if (chosen.length === 0) {
    throw new AppError(
      'input.invalid',
      'The runner offers none of the steps that were chosen.',
      'Leave the choice of precisions and kinds of steps out to see all of them.'
    )
  }
  return chosen.map(({ id, kind, seconds }) => {
    const timedSeconds = (phaseMs / 1000) * (kind === 'benchmark' ? aroundBenchmark : aroundLayer)
    return {
      ...{ id, kind, trials: kind === 'predictions' ? 1 : request.trials, trialsDone: 0 },
      state: 'waiting',
      seconds:
        (kind === 'predictions' ? (seconds ?? 1) : Math.max(seconds ?? 0, timedSeconds)) + perTrialSeconds,
      reason: null
    }
  })
}

function isWanted({ id, kind }: RunnerStep, { kinds, precisions, ablations }: WorkloadRequest): boolean {
  if (kinds.length > 0 && !kinds.includes(kind)) return false
  const wants = (precision: string | undefined): boolean =>
    precisions.length === 0 || precisions.includes(precision as WorkloadPrecision)
  const [, what = '', which] = id.split(':')
  // Speedup, closure and quality are against fp32: it is always done.
  if (kind === 'benchmark') return what === 'fp32' || wants(what)
  if (kind === 'layer' || what === 'baseline') return true
  if (what === 'precision') return wants(which)
  const alone = aloneChanges.find((change) => change === what)
  return alone === undefined ? (ablations as readonly string[]).includes(what) : wants(alonePrecisions[alone])
}

/**
 * What is left to do, one trial at a time: predictions first (the original before all), then rounds over the timed steps,
 * each round in an order of its own, so that a drift of temperature does not fall on one layer.
 */
export function remainingTrials(steps: readonly WorkloadStep[], seed: number): WorkloadStep[] {
  const open = steps.filter(({ state }) => state === 'waiting')
  const predictions = open.filter(({ kind }) => kind === 'predictions')
  const original = predictions.filter(({ id }) => id === 'predictions:baseline')
  const timed = open.filter(({ kind }) => kind !== 'predictions')
  const rounds = Math.max(0, ...timed.map(({ trials }) => trials))
  const random = createRandom(seed)
  const shuffled = Array.from({ length: rounds }, (_, round) =>
    random.shuffle([...timed]).filter(({ trialsDone, trials }) => trialsDone <= round && round < trials)
  )
  return [...original, ...predictions.filter((step) => !original.includes(step)), ...shuffled.flat()]
}

/** Time that the open trials will take, seconds. */
export function secondsLeft(steps: readonly WorkloadStep[]): number {
  return steps
    .filter(({ state }) => state === 'waiting')
    .reduce((sum, { trials, trialsDone, seconds }) => sum + (trials - trialsDone) * seconds, 0)
}

/** The most that the open timed trials wait for the GPU to cool down, seconds. */
export function coolingSecondsLeft(steps: readonly WorkloadStep[], coolMs: number): number {
  return steps
    .filter(({ state, kind }) => state === 'waiting' && kind !== 'predictions')
    .reduce((sum, { trials, trialsDone }) => sum + ((trials - trialsDone) * coolMs) / 1000, 0)
}
