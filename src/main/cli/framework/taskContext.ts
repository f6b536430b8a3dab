import type { TaskContext } from '../../threads/task'
import type { CliContext } from './framework'

/** Lets tasks that usually run in workers run here. */
export function taskContext(context: CliContext): TaskContext {
  return {
    signal: context.signal,
    progress: (done: number, total: number, note = '') => {
      if (note !== '') context.log(`${note} (${done} of ${total})`)
    },
    async yieldToAbort() {
      await new Promise<void>((resolve) => setImmediate(resolve))
      context.signal.throwIfAborted()
    }
  }
}
