import { AppError } from '../../shared/errors'
import type { Job } from '../../shared/contract/job'
import { createRateMeter } from './rateMeter'

/** What running work is given: where to report, and when to stop. */
export interface JobContext {
  readonly id: string
  readonly signal: AbortSignal
  /** Units done so far; `note` says what is being done now. Batched to the renderer, call it as often as you like. */
  progress(done: number, total?: number, note?: string): void
}

/** Work to run as a job. */
export interface JobSpec<T> {
  /** `<noun>.<verb>` */
  kind: string
  title: string
  unit: string
  total?: number
  /**
   * Starts the same work again where it stopped. Present only on work that costs minutes; the work itself keeps what
   * is finished (in the store), this only starts it.
   */
  resume?: () => Promise<{ jobId: string }>
  /** What is left of it once it is cancelled, as a sentence; absent: nothing is said of that. */
  leftBehind?: string
  run(context: JobContext): Promise<T>
}

/** A job of the list, running or ended. */
export interface RunningJob<T = unknown> {
  /** As it is now; the same object until the end. */
  readonly job: Job
  readonly controller: AbortController
  /** Settles with the work; a cancelled job rejects with job.cancelled. */
  readonly result: Promise<T>
  /** Resolves at the end, however it was. */
  readonly settled: Promise<void>
  readonly resume: (() => Promise<{ jobId: string }>) | undefined
  /** Get every change that is sent. */
  readonly followers: Set<(job: Job) => void>
}

/** Progress is sent at most this often per job. */
const batchMs = 100

/** Starts work in the next turn of the loop, or not at all where `controller` is aborted before. */
export function runJob<T>(
  id: string,
  spec: JobSpec<T>,
  controller: AbortController,
  options: { nowMs: () => number; changed: (job: Job) => void }
): RunningJob<T> {
  const { nowMs } = options
  const job = newJob(id, spec, nowMs())
  const followers = new Set<(job: Job) => void>()
  let sentAtMs = -Infinity
  const send = (force: boolean): void => {
    if (!force && nowMs() - sentAtMs < batchMs) return
    sentAtMs = nowMs()
    options.changed({ ...job })
    for (const follower of followers) follower({ ...job })
  }
  const context = contextOf(job, controller.signal, nowMs, () => send(false))
  const finish = (state: Job['state'], error: AppError | null): void => {
    job.state = state
    job.error = error === null ? null : error.toJSON()
    job.finishedAtMs = nowMs()
    job.remainingMs = null
    send(true)
  }
  send(true)
  const result = Promise.resolve()
    .then(() => {
      // Cancelled before it began: work that only listens for the abort would never receive it.
      if (controller.signal.aborted) throw cancelled(spec)
      return spec.run(context)
    })
    .then(
      (value) => {
        finish('done', null)
        return value
      },
      (reason: unknown) => {
        const error = controller.signal.aborted ? cancelled(spec) : AppError.from(reason)
        finish(controller.signal.aborted ? 'cancelled' : 'failed', error)
        throw error
      }
    )
  const settled = result.then(
    () => undefined,
    () => undefined
  )
  return { job, controller, result, settled, resume: spec.resume, followers }
}

function newJob(id: string, spec: JobSpec<unknown>, startedAtMs: number): Job {
  return {
    id,
    kind: spec.kind,
    title: spec.title,
    state: 'running',
    done: 0,
    total: spec.total ?? 0,
    unit: spec.unit,
    ratePerSecond: null,
    remainingMs: null,
    note: '',
    startedAtMs,
    finishedAtMs: null,
    resumable: spec.resume !== undefined,
    error: null
  }
}

function contextOf(job: Job, signal: AbortSignal, nowMs: () => number, changed: () => void): JobContext {
  const meter = createRateMeter()
  return {
    id: job.id,
    signal,
    progress(done, total, note) {
      if (job.finishedAtMs !== null) return
      job.done = done
      if (total !== undefined) job.total = total
      if (note !== undefined) job.note = note
      meter.add(nowMs(), done)
      job.ratePerSecond = meter.ratePerSecond()
      job.remainingMs =
        job.ratePerSecond === null || job.total <= 0
          ? null
          : (Math.max(0, job.total - done) / job.ratePerSecond) * 1000
      changed()
    }
  }
}

/** Only work that can be resumed keeps what is finished of it. */
function cancelled({ title, resume, leftBehind }: JobSpec<unknown>): AppError {
  const hint = resume === undefined ? 'Start it again.' : 'Finished work is kept; start or resume it again.'
  return new AppError(
    'job.cancelled',
    `"${title}" was cancelled.`,
    leftBehind === undefined ? hint : `${leftBehind} ${hint}`
  )
}
