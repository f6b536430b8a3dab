import { AppError } from '../../shared/errors'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { Job, jobContract } from '../../shared/contract/job'
import type { JobHistory } from './jobHistory'
import { createJobList, type JobList } from './jobList'
import { type JobSpec, runJob } from './runningJob'

export type { JobContext, JobSpec } from './runningJob'

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

/** How long jobs may take to end when Bitbench ends. */
const stopMs = 30_000

/** Returns the jobs of this host. */
export function createJobService(options: {
  emit: EmitterOf<typeof jobContract>
  nowMs: () => number
  newId: () => string
  /** Keeps jobs and their logs beyond this process; absent: they end with it. */
  history?: JobHistory
}): JobService {
  const { emit, nowMs, newId, history } = options
  const jobs = createJobList()
  let stopping = false

  const start = <T>(spec: JobSpec<T>): StartedJob<T> => {
    const id = newId()
    const controller = new AbortController()
    // A request that was on its way when Bitbench began to end must not keep it from ending.
    if (stopping) controller.abort()
    const changed = (job: Job): void => {
      history?.changed(job)
      emit('job.changed', job)
    }
    const running = runJob(id, spec, controller, { nowMs, changed })
    jobs.add(running)
    return { jobId: id, result: running.result }
  }

  const idle = async (): Promise<void> => {
    await Promise.all(jobs.all().map(({ settled }) => settled))
  }

  return {
    start,
    launch: (spec) => ({ jobId: start(spec).jobId }),
    list: () => jobs.all().map(({ job }) => ({ ...job })),
    cancel: (id) => jobs.find(id).controller.abort(),
    async follow(id, onChange = () => undefined) {
      const { job, followers, settled } = jobs.find(id)
      followers.add(onChange)
      try {
        onChange({ ...job })
        await settled
        return { ...job }
      } finally {
        followers.delete(onChange)
      }
    },
    idle,
    async stop(maxMs = stopMs) {
      stopping = true
      for (const { controller } of jobs.all()) controller.abort()
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, maxMs)))
      await Promise.race([idle(), late])
      clearTimeout(timer)
      return jobs
        .all()
        .filter(({ job }) => job.finishedAtMs === null)
        .map(({ job }) => job.title)
    },
    handlers: handlersOf(jobs, history)
  }
}

/** Jobs of earlier processes before those of this one. */
function withEarlier(jobs: JobList, history: JobHistory | undefined): Job[] {
  const own = jobs.all().map(({ job }) => ({ ...job }))
  const ids = new Set(own.map(({ id }) => id))
  return [...(history?.list() ?? []).filter(({ id }) => !ids.has(id)), ...own]
}

function handlersOf(jobs: JobList, history: JobHistory | undefined): JobService['handlers'] {
  return {
    'job.list': async () => ({ jobs: withEarlier(jobs, history) }),
    // Without a history only what runs is known, and nothing of it was written down.
    'job.log': async ({ id }) => ({ lines: history?.log(id) ?? (jobs.find(id), []) }),
    'job.cancel': async ({ id }) => {
      jobs.find(id).controller.abort()
      return { ok: true }
    },
    'job.resume': async ({ id }) => {
      const { job, resume } = jobs.find(id)
      if (resume === undefined || job.state === 'running' || job.state === 'done') {
        throw new AppError(
          'job.notResumable',
          `Job "${job.title}" cannot be resumed (state ${job.state}).`,
          'Start it again from its page.'
        )
      }
      const { jobId } = await resume()
      return { job: { ...jobs.find(jobId).job } }
    },
    'job.clear': async () => {
      jobs.clear()
      history?.clear()
      return { ok: true }
    }
  }
}
