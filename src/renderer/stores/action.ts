import { AppError } from '@shared/errors'
import { reactive } from 'vue'

/** One thing the user can start: whether it runs, and the error it last ended with. */
export interface Action<Args extends unknown[], Result> {
  readonly busy: boolean
  error: AppError | null
  /** Runs the work; a failure becomes `error` and the result is undefined, so that callers need no try. */
  run(...args: Args): Promise<Result | undefined>
}

/** All actions of this window, whose errors forgetErrors clears. */
const failing = new Set<{ error: AppError | null }>()

/** Clears errors whose cause is over: of a lost host when it is back, of a board when it is connected. */
export function forgetErrors(isOver: (error: AppError) => boolean): void {
  for (const action of failing) if (action.error !== null && isOver(action.error)) action.error = null
}

/** Wraps an asynchronous function as an Action. Overlapping runs are allowed; the last error stays until the next run. */
export function createAction<Args extends unknown[], Result>(
  work: (...args: Args) => Promise<Result>
): Action<Args, Result> {
  let running = 0
  const action = reactive({
    busy: false,
    error: null as AppError | null,
    async run(...args: Args): Promise<Result | undefined> {
      running += 1
      action.busy = true
      action.error = null
      try {
        return await work(...args)
      } catch (reason) {
        const error = AppError.from(reason)
        // Cancelling is an outcome, not an error.
        action.error = error.code === 'job.cancelled' ? null : error
        return undefined
      } finally {
        running -= 1
        action.busy = running > 0
      }
    }
  })
  failing.add(action)
  return action as Action<Args, Result>
}
