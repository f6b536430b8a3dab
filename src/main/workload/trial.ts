import type { WorkloadStep } from '../../shared/contract/workload'
import type { RunnerEvent, RunnerEventOf } from '../../shared/contract/workload/workloadProtocol'
import type { LoopCopies } from '../../shared/contract/workload/workloadRows'
import { AppError } from '../../shared/errors'
import type { CompareTask } from './compareFiles'
import type { CooledStart } from './cooldown'
import type { RunnerProcess } from './runnerProcess'
import type { WorkloadRecord } from './workloadRecord'

/** A step that takes longer than a minute plus this many times its guess is taken to hang. */
const patience = 20

/** The runner reported that one step failed; the others can go on. */
export class StepFailure extends AppError {}

/** What every step is sent with. */
export interface TrialRequest {
  readonly phaseMs: number
  /** See the protocol's request. */
  readonly cacheBytes?: number | undefined
}

/** Sends one step and collects what it prints until it is done. */
export async function oneTrial(
  runner: RunnerProcess,
  step: WorkloadStep,
  { phaseMs, cacheBytes }: TrialRequest
): Promise<RunnerEvent[]> {
  const events: RunnerEvent[] = []
  runner.send({
    do: 'run',
    ids: [step.id],
    forMs: phaseMs,
    ...(cacheBytes === undefined ? {} : { cacheBytes })
  })
  return await runner.until(
    (event) => {
      events.push(event)
      if (event.event === 'error' && event.id === step.id) {
        throw new StepFailure('tool.failed', event.message, 'See the output of the runner.')
      }
      return event.event === 'done' && event.id === step.id ? events : undefined
    },
    60_000 + patience * step.seconds * 1000
  )
}

/** The predictions that a trial printed. @throws StepFailure when there are none */
export function predictionsOf(events: readonly RunnerEvent[], id: string): RunnerEventOf<'predictions'> {
  const found = events.find((event) => event.event === 'predictions')
  if (found !== undefined) return found
  throw new StepFailure(
    'data.missing',
    `${id} gave no predictions.`,
    'The step has to print an event "predictions".'
  )
}

/** Adds what a timed trial printed to the evidence of the run. */
export function keepTimed(
  { evidence }: WorkloadRecord,
  step: WorkloadStep,
  events: readonly RunnerEvent[],
  start: CooledStart
): void {
  let begunNs: number | undefined
  for (const event of events) {
    if (event.event === 'weights') evidence.weightBytes[event.precision] = event.bytes
    if (event.event === 'latency') (evidence.latencies[step.id] ??= []).push(event.us)
    if (event.event !== 'phase' || event.name !== step.id) continue
    if (event.state === 'begin') begunNs = event.ns
    else if (begunNs !== undefined && event.ns !== undefined && event.repetitions !== undefined) {
      const durationMs = (event.ns - begunNs) / 1e6
      const { repetitions } = event
      evidence.timings.push({ name: step.id, durationMs, repetitions, ...start, copies: copiesOf(event) })
    }
  }
}

/** What a looped layer says of its copies; null where the runner says nothing. */
function copiesOf({ copies, copiedBytes, cacheBytes }: RunnerEventOf<'phase'>): LoopCopies | null {
  if (copies === undefined || copiedBytes === undefined) return null
  return { count: copies, bytes: copiedBytes, cacheBytes: cacheBytes ?? null }
}

/** Two sets of predictions as a comparison. @throws StepFailure when their rows or columns differ */
export function compareTask(
  record: WorkloadRecord,
  before: RunnerEventOf<'predictions'>,
  after: RunnerEventOf<'predictions'>
): CompareTask {
  if (before.rows !== after.rows || before.columns !== after.columns) {
    throw new StepFailure(
      'data.invalid',
      `${after.name} has other rows or columns than the original.`,
      'Run the same samples.'
    )
  }
  return {
    name: after.name,
    ...{ rows: before.rows, columns: before.columns },
    ...{
      labels: before.labels ?? [],
      samples: before.samples ?? Array.from({ length: before.rows }, (_, row) => row)
    },
    before: before.file ?? before.values!,
    after: after.file ?? after.values!,
    metric: record.subject!.task,
    confidence: record.request.confidence,
    seed: record.request.seed
  }
}
