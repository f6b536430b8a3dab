import type { WorkloadStep } from '../../../shared/contract/workload'
import type { RunnerEvent, RunnerEventOf } from '../../../shared/contract/workload/workloadProtocol'
import type { LoopCopies } from '../../../shared/contract/workload/workloadRows'
import { AppError } from '../../../shared/errors'
import { formatDuration } from '../../../shared/units'
import type { CompareTask } from '../compareFiles'
import type { CooledStart } from './cooldown'
import type { RunnerProcess } from '../process/runnerProcess'
import type { WorkloadRecord } from '../workloadRecord'

/** A step that takes longer than a minute plus this many times its guess is taken to hang. */
const patience = 20

/** The runner reported that one step failed; the others can go on. */
export class StepFailure extends AppError {}

/** What every step is sent with. */
export interface TrialRequest {
  readonly phaseMs: number
  /** See the protocol's request. */
  readonly cacheBytes?: number | undefined
  onSend(): void
}

/** Sends one step and collects what it prints until it is done. */
export async function oneTrial(
  runner: RunnerProcess,
  step: WorkloadStep,
  { phaseMs, cacheBytes, onSend }: TrialRequest
): Promise<RunnerEvent[]> {
  const events: RunnerEvent[] = []
  const sentMs = performance.now()
  onSend()
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
      if (event.event !== 'done' || event.id !== step.id) return undefined
      requireSteadyClock(step.id, events, { phaseMs, tookMs: performance.now() - sentMs })
      return events
    },
    60_000 + patience * step.seconds * 1000
  )
}

/** A phase shorter than this share of what was requested was not measured in nanoseconds, or not looped. */
const minShare = 0.02

/**
 * Times by the runner's clock have to fit those by this one: a clock that was set, stands still or counts in another unit
 * would give figures that look like others. @throws StepFailure
 */
export function requireSteadyClock(
  id: string,
  events: readonly RunnerEvent[],
  { phaseMs, tookMs }: { readonly phaseMs: number; readonly tookMs: number }
): void {
  for (const durationMs of phasesOf(id, events).map((phase) => phase.durationMs)) {
    if (durationMs >= minShare * phaseMs && durationMs <= 1.01 * tookMs + 10) continue
    throw new StepFailure(
      'input.unsupported',
      `By the runner's clock ("ns") its phase lasted ${formatDuration(Math.max(0, durationMs))}; ${formatDuration(phaseMs)} were requested and the step took ${formatDuration(tookMs)}.`,
      'Print nanoseconds of a steady clock with begin and end, and repeat the work for "forMs".'
    )
  }
}

/** Phases of a step with a duration by the runner's clock. */
function phasesOf(
  id: string,
  events: readonly RunnerEvent[]
): { durationMs: number; end: RunnerEventOf<'phase'> }[] {
  let begunNs: number | undefined
  return events.flatMap((event) => {
    if (event.event !== 'phase' || event.name !== id) return []
    if (event.state === 'begin') begunNs = event.ns
    else if (begunNs !== undefined && event.ns !== undefined)
      return [{ durationMs: (event.ns - begunNs) / 1e6, end: event }]
    return []
  })
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
  for (const event of events) {
    if (event.event === 'weights') evidence.weightBytes[event.precision] = event.bytes
    if (event.event === 'latency') (evidence.latencies[step.id] ??= []).push(event.us)
  }
  for (const { durationMs, end } of phasesOf(step.id, events)) {
    const { repetitions } = end
    if (repetitions === undefined) continue
    evidence.timings.push({ name: step.id, durationMs, repetitions, ...start, copies: copiesOf(end) })
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
