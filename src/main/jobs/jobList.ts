import { AppError } from '../../shared/errors'
import type { RunningJob } from './runningJob'

/** Longest list of jobs; beyond it the oldest ended ones are dropped. */
const maxKeptJobs = 200

/** Jobs of this host in the order they were started. */
export interface JobList {
  all(): RunningJob[]
  add(running: RunningJob): void
  /** @throws job.notFound */
  find(id: string): RunningJob
  /** Drops the jobs that have ended. */
  clear(): void
}

/** Returns an empty list. */
export function createJobList(): JobList {
  const jobs = new Map<string, RunningJob>()
  return {
    all: () => [...jobs.values()],
    add(running) {
      jobs.set(running.job.id, running)
      for (const [id, { job }] of jobs) {
        if (jobs.size <= maxKeptJobs) return
        if (job.finishedAtMs !== null) jobs.delete(id)
      }
    },
    find(id) {
      const running = jobs.get(id)
      if (running !== undefined) return running
      throw new AppError(
        'job.notFound',
        `There is no job ${id}.`,
        'Refresh the job list; it may have been cleared.'
      )
    },
    clear() {
      for (const [id, { job }] of jobs) if (job.finishedAtMs !== null) jobs.delete(id)
    }
  }
}
