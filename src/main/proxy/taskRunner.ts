import type { JobContext } from '../jobs/jobService'
import type { TaskOptions, TaskRunner, TaskTableOf } from '../threads/taskPool'
import type { proxyTasks } from './proxyTasks'

/** The part of the task pool this noun needs. */
export type ProxyTaskRunner = TaskRunner<TaskTableOf<typeof proxyTasks>>

/** A fit cannot see an abort while it computes: its worker is ended after this time, ms. */
const graceMs = 100

/** A task as part of a job: ends with it, and reports to it unless told otherwise. */
export function taskOptions(
  context: JobContext,
  onProgress: TaskOptions['onProgress'] = context.progress
): TaskOptions {
  return { signal: context.signal, graceMs, ...(onProgress === undefined ? {} : { onProgress }) }
}
