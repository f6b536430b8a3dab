import type { JobContext } from '../jobs/jobService'
import type { TaskOptions } from '../threads/taskPool'
import type { proxyTasks } from './proxyTasks'

type ProxyTaskTable = {
  [K in keyof typeof proxyTasks]: {
    input: Parameters<(typeof proxyTasks)[K]>[0]
    output: ReturnType<(typeof proxyTasks)[K]>
  }
}

/** The part of the task pool this noun needs. */
export interface ProxyTaskRunner {
  run<K extends keyof ProxyTaskTable>(
    name: K,
    input: ProxyTaskTable[K]['input'],
    options?: TaskOptions
  ): Promise<ProxyTaskTable[K]['output']>
}

/** Fits are plain arithmetic that never looks up: who cancels one does not wait for it. */
const graceMs = 100

/** A task as part of a job: ends with it, and reports to it unless told otherwise. */
export function taskOptions(
  context: JobContext,
  onProgress: TaskOptions['onProgress'] = context.progress
): TaskOptions {
  return { signal: context.signal, graceMs, ...(onProgress === undefined ? {} : { onProgress }) }
}
