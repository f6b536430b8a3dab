import { AppError } from '../../shared/errors'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { Job, jobContract } from '../../shared/contract/job'
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
  run(context: JobContext): Promise<T>
}

/** A job that was started. */
export interface StartedJob<T> {
  jobId: string
  /** Settles with the work; a cancelled job rejects with job.cancelled. */
  result: Promise<T>
}

/** Jobs with progress, time left and cancel. */
export interface JobService {
  /** Starts work whose outcome the caller waits for. */
  start<T>(spec: JobSpec<T>): StartedJob<T>
  /** Starts work and returns at once; the job itself reports how it ended. */
  launch(spec: JobSpec<unknown>): { jobId: string }
  list(): Job[]
  cancel(id: string): void
  /** Waits for the end of a job and returns it as it ended; `onChange` gets every change. @throws job.notFound */
  follow(id: string, onChange?: (job: Job) => void): Promise<Job>
  /** Resolves when no job runs any more. */
  idle(): Promise<void>
  /**
   * Cancels everything that runs and everything that starts from now on, then waits for the jobs to end, up to a limit.
   *
   * @param maxMs longest wait, default 30 s
   * @returns the titles of the jobs that did not end
   */
  stop(maxMs?: number): Promise<string[]>
  handlers: HandlersOf<typeof jobContract>
}

interface Entry {
  job: Job
  controller: AbortController
  settled: Promise<void>
  resume: (() => Promise<{ jobId: string }>) | undefined
  followers: Set<(job: Job) => void>
}

/** Longest list of finished jobs that is kept. */
const maxKeptJobs = 200
/** Progress is sent at most this often per job. */
const batchMs = 100
/** How long jobs may take to end when Bitbench ends. */
const stopMs = 30_000

/** Returns the jobs of this host. */
export function createJobService(options: {
  emit: EmitterOf<typeof jobContract>
  nowMs: () => number
  newId: () => string
}): JobService {
  const { emit, nowMs, newId } = options
  const entries = new Map<string, Entry>()
  let stopping = false

  const find = (id: string): Entry => {
    const entry = entries.get(id)
    if (entry === undefined) {
      throw new AppError(
        'job.notFound',
        `There is no job ${id}.`,
        'Refresh the job list; it may have been cleared.'
      )
    }
    return entry
  }

  const trim = (): void => {
    for (const [id, entry] of entries) {
      if (entries.size <= maxKeptJobs) return
      if (entry.job.finishedAtMs !== null) entries.delete(id)
    }
  }

  const start = <T>(spec: JobSpec<T>): StartedJob<T> => {
    const id = newId()
    const controller = new AbortController()
    // A request that was on its way when Bitbench began to end must not keep it from ending.
    if (stopping) controller.abort()
    const meter = createRateMeter()
    const job: Job = {
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
      startedAtMs: nowMs(),
      finishedAtMs: null,
      resumable: spec.resume !== undefined,
      error: null
    }
    const followers = new Set<(job: Job) => void>()
    let sentAtMs = -Infinity
    const send = (force: boolean): void => {
      if (!force && nowMs() - sentAtMs < batchMs) return
      sentAtMs = nowMs()
      emit('job.changed', { ...job })
      for (const follower of followers) follower({ ...job })
    }
    const context: JobContext = {
      id,
      signal: controller.signal,
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
        send(false)
      }
    }
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
        // Cancelled before it began: work that only listens for the abort would never hear of it.
        if (controller.signal.aborted) throw cancelled(spec.title)
        return spec.run(context)
      })
      .then(
        (value) => {
          finish('done', null)
          return value
        },
        (reason: unknown) => {
          const error = controller.signal.aborted ? cancelled(spec.title) : AppError.from(reason)
          finish(controller.signal.aborted ? 'cancelled' : 'failed', error)
          throw error
        }
      )
    const settled = result.then(
      () => undefined,
      () => undefined
    )
    entries.set(id, { job, controller, settled, resume: spec.resume, followers })
    trim()
    return { jobId: id, result }
  }

  const idle = async (): Promise<void> => {
    await Promise.all([...entries.values()].map((entry) => entry.settled))
  }

  return {
    start,
    launch: (spec) => ({ jobId: start(spec).jobId }),
    list: () => [...entries.values()].map((entry) => ({ ...entry.job })),
    cancel: (id) => find(id).controller.abort(),
    async follow(id, onChange = () => undefined) {
      const entry = find(id)
      entry.followers.add(onChange)
      try {
        onChange({ ...entry.job })
        await entry.settled
        return { ...entry.job }
      } finally {
        entry.followers.delete(onChange)
      }
    },
    idle,
    async stop(maxMs = stopMs) {
      stopping = true
      for (const entry of entries.values()) entry.controller.abort()
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, maxMs)))
      await Promise.race([idle(), late])
      clearTimeout(timer)
      return [...entries.values()].filter(({ job }) => job.finishedAtMs === null).map(({ job }) => job.title)
    },
    handlers: {
      'job.list': async () => ({ jobs: [...entries.values()].map((entry) => ({ ...entry.job })) }),
      'job.cancel': async ({ id }) => {
        find(id).controller.abort()
        return { ok: true }
      },
      'job.resume': async ({ id }) => {
        const entry = find(id)
        if (entry.resume === undefined || entry.job.state === 'running' || entry.job.state === 'done') {
          throw new AppError(
            'job.notResumable',
            `Job "${entry.job.title}" cannot be resumed (state ${entry.job.state}).`,
            'Start it again from its page.'
          )
        }
        const { jobId } = await entry.resume()
        return { job: { ...find(jobId).job } }
      },
      'job.clear': async () => {
        for (const [id, entry] of entries) if (entry.job.finishedAtMs !== null) entries.delete(id)
        return { ok: true }
      }
    }
  }
}

function cancelled(title: string): AppError {
  return new AppError(
    'job.cancelled',
    `"${title}" was cancelled.`,
    'Finished work is kept; start or resume it again.'
  )
}
