import type { TaskContext } from '../src/main/threads/task'

/** The context of a task that a bench runs in its own thread: nobody watches it, nobody cancels it. */
export const quietTask: TaskContext = {
  signal: new AbortController().signal,
  progress: () => undefined,
  yieldToAbort: async () => undefined
}
