import type { SharedTask, SharedTasks } from '../../threads/sharedTask'
import type { TaskPool } from '../../threads/taskPool'
import type { QueueJobs } from './queueJobs'

/**
 * The local task pool's interface over the queue: shared tasks become jobs on the server, every other task and every input
 * that stays runs in the local threads; so does everything while no server is named.
 */
export function createQueuePool<Tasks extends Record<string, { input: unknown; output: unknown }>>(options: {
  local: TaskPool<Tasks>
  shared: SharedTasks
  /** Jobs on the server; null: none is named. @throws AppError queue.* where it cannot be used */
  jobs: () => Promise<QueueJobs | null>
}): TaskPool<Tasks> {
  const { local, shared } = options
  return {
    async run(name, input, taskOptions = {}) {
      const task = (Object.hasOwn(shared, name) ? shared[name] : undefined) as
        SharedTask<typeof input, Tasks[typeof name]['output']> | undefined
      const jobs = task === undefined ? null : await options.jobs()
      if (task === undefined || jobs === null) return local.run(name, input, taskOptions)
      const packed = await task.pack(input)
      if (packed === null) return local.run(name, input, taskOptions)
      return task.readOutput(await jobs.run(name, packed, taskOptions.signal))
    },
    close: () => local.close()
  }
}
