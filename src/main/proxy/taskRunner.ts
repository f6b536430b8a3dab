import type { JobContext } from '../jobs/jobService'
import type { TaskOptions, TaskRunner, TaskTableOf } from '../threads/taskPool'
import type { proxyTasks } from './proxyTasks'

/** The part of the task pool this noun needs. */
export type ProxyTaskRunner = TaskRunner<TaskTableOf<typeof proxyTasks>>

/** A fit cannot see an abort while it computes: its worker is ended after this time, ms. */
const graceMs = 100

/** Options of a task that is part of a job: it ends with the job; `onProgress` receives its progress, by default the job. */
export function taskOptions(
  context: JobContext,
  onProgress: TaskOptions['onProgress'] = context.progress
): TaskOptions {
  return { signal: context.signal, graceMs, ...(onProgress === undefined ? {} : { onProgress }) }
}
