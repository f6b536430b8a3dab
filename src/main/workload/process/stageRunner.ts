import type { CollectionStep, CollectionSubject } from '../../../shared/contract/estimator/collection'
import type { KnobsEvent } from '../../../shared/contract/workload/stageProtocol'
import type { RunnerEventOf } from '../../../shared/contract/workload/workloadProtocol'
import { requireProtocol } from '../../../core/workload/protocol'
import { AppError } from '../../../shared/errors'
import { startRunner, type RunnerCommand, type SpawnRunner } from './runnerProcess'
import { StepFailure } from '../measure/trial'

/** Environment of a runner that only measures stages: it need not look for layers and precisions. */
export const stagesOnly = { BITBENCH_WORKLOAD_STAGES: '1' }

/** Times of one repetition, ms. */
export type StageTimesMs = Pick<RunnerEventOf<'stages'>, 'stagesMs' | 'decodePerTokenMs'>

/** A runner that measures latency by stage. */
export interface StageRunner {
  readonly subject: CollectionSubject
  readonly offer: Omit<KnobsEvent, 'event'>
  /** Times of every repetition, or the runner's reason not to measure this configuration. @throws job.crashed */
  measure(step: CollectionStep, repetitions: number): Promise<{ times: StageTimesMs[] } | { refused: string }>
  stop(graceMs?: number): Promise<void>
}

/** Longest start of a runner: a large network from a slow disk. */
const loadWithinMs = 600_000
/** A configuration of more than this is taken to hang. */
const measureWithinMs = 3_600_000

/** Starts a runner and reads what it is and can set. @throws input.unsupported when it measures no stages; the signal's reason */
export async function openStageRunner(
  spawn: SpawnRunner,
  command: RunnerCommand,
  signal: AbortSignal
): Promise<StageRunner> {
  // An abort that came before the listener would never reach the runner.
  signal.throwIfAborted()
  const runner = startRunner(
    spawn,
    { ...command, env: { ...command.env, ...stagesOnly } },
    { onEvent: () => undefined, onOutput: () => undefined }
  )
  const stop = (): void => void runner.stop(500)
  signal.addEventListener('abort', stop)
  try {
    let subject: CollectionSubject | undefined
    let offer: KnobsEvent | undefined
    await runner.until((event) => {
      if (event.event === 'hello') subject = subjectOf(event)
      if (event.event === 'knobs') offer = event
      return event.event === 'plan' ? event : undefined
    }, loadWithinMs)
    if (subject === undefined || offer === undefined) throw noStages()
    const { event: _event, ...offered } = offer
    let asked = 0
    return {
      subject,
      offer: offered,
      async measure({ knobs, outputTokens }, repetitions) {
        const id = `latency:${++asked}`
        runner.send({
          ...{ do: 'latency', id, knobs, repetitions },
          ...(outputTokens === null ? {} : { outputTokens })
        })
        const times: StageTimesMs[] = []
        try {
          return await runner.until((event) => {
            if (event.event === 'stages' && event.id === id) times.push(withAllTokens(event, outputTokens))
            if (event.event === 'error' && event.id === id)
              throw new StepFailure('tool.failed', event.message, 'See the output of the runner.')
            if (event.event !== 'done' || event.id !== id) return undefined
            return times.length === 0
              ? { refused: 'The runner printed no times.' }
              : { times: times.map(timesAlone) }
          }, measureWithinMs)
        } catch (cause) {
          if (cause instanceof StepFailure) return { refused: cause.message }
          throw cause
        }
      },
      async stop(graceMs) {
        signal.removeEventListener('abort', stop)
        await runner.stop(graceMs)
      }
    }
  } catch (cause) {
    signal.removeEventListener('abort', stop)
    await runner.stop(500)
    throw cause
  }
}

/** @throws StepFailure for another count of times than of tokens: their sum is the decode stage */
function withAllTokens(times: StageTimesMs, outputTokens: number | null): StageTimesMs {
  const { decodePerTokenMs } = times
  if (decodePerTokenMs === undefined || decodePerTokenMs.length === outputTokens) return times
  throw new StepFailure(
    'tool.failed',
    `The runner printed ${decodePerTokenMs.length} times of tokens for ${outputTokens ?? 'no'} output tokens.`,
    'decodePerTokenMs has one time for each of the outputTokens: see docs/workloads.md.'
  )
}

function timesAlone({ stagesMs, decodePerTokenMs }: StageTimesMs): StageTimesMs {
  return { stagesMs, ...(decodePerTokenMs === undefined ? {} : { decodePerTokenMs }) }
}

function subjectOf(hello: RunnerEventOf<'hello'>): CollectionSubject {
  requireProtocol(hello.protocol)
  return {
    model: hello.model ?? 'network',
    runner: hello.runner,
    runtime: hello.runtime,
    device: hello.device,
    deviceName: hello.deviceName ?? null,
    threads: hello.threads ?? null,
    notes: hello.notes
  }
}

function noStages(): AppError {
  return new AppError(
    'input.unsupported',
    'The runner measures no stages: it printed no knobs before its plan.',
    'Add the event "knobs" and the verb "latency": see docs/workloads.md.'
  )
}
