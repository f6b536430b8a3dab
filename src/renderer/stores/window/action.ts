import { AppError } from '@shared/errors'
import { reactive, toRaw, watch, type WatchSource } from 'vue'

/** One thing the user can start: whether it runs, and the error it last ended with. */
export interface Action<Args extends unknown[], Result> {
  readonly busy: boolean
  error: AppError | null
  /** Runs the work; a failure becomes `error` and the result is undefined, so that callers need no try. */
  run(...args: Args): Promise<Result | undefined>
  /** Runs the work and returns its error instead of keeping it: for runs whose errors are shown in other places. */
  attempt(...args: Args): Promise<AppError | null>
}

/** What keeps errors of this window, each with the call that clears those that are over. */
const keepers = new Set<(isOver: (error: AppError) => boolean) => void>()

/** Has `clear` called whenever errors may be over. */
export function onErrorsOver(clear: (isOver: (error: AppError) => boolean) => void): void {
  keepers.add(clear)
}

/** Clears errors whose cause is over: of a lost host when it is back, of a board when it is connected. */
export function forgetErrors(isOver: (error: AppError) => boolean): void {
  for (const clear of keepers) clear(isOver)
}

/** Clears this one error, wherever it is kept: what it was about has been changed. */
export function forgetError(error: object): void {
  forgetErrors((kept) => toRaw(kept) === toRaw(error))
}

/** Clears the errors of actions on one thing when another one is looked at. */
export function forgetOnChange(
  source: WatchSource<unknown>,
  actions: readonly { error: AppError | null }[]
): void {
  watch(
    source,
    () => {
      for (const action of actions) action.error = null
    },
    { flush: 'sync' }
  )
}

/** Does `work` for every row, one after the other, and throws the first failure at the end. */
export async function forEvery<Row>(
  rows: readonly Row[],
  work: (row: Row) => Promise<unknown>
): Promise<void> {
  const failures: unknown[] = []
  for (const row of rows) await work(row).catch((reason: unknown) => failures.push(reason))
  if (failures.length > 0) throw failures[0]
}

/** Wraps an asynchronous function as an Action. Overlapping runs are allowed; the last error stays until the next run. */
export function createAction<Args extends unknown[], Result>(
  work: (...args: Args) => Promise<Result>
): Action<Args, Result> {
  let running = 0
  const settle = async (args: Args): Promise<{ value?: Result; error: AppError | null }> => {
    running += 1
    action.busy = true
    try {
      return { value: await work(...args), error: null }
    } catch (reason) {
      const error = AppError.from(reason)
      // Cancelling is an outcome, not an error.
      return { error: error.code === 'job.cancelled' ? null : error }
    } finally {
      running -= 1
      action.busy = running > 0
    }
  }
  const action = reactive({
    busy: false,
    error: null as AppError | null,
    async run(...args: Args): Promise<Result | undefined> {
      action.error = null
      const { value, error } = await settle(args)
      if (error !== null) action.error = error
      return value
    },
    async attempt(...args: Args): Promise<AppError | null> {
      return (await settle(args)).error
    }
  })
  onErrorsOver((isOver) => {
    if (action.error !== null && isOver(action.error)) action.error = null
  })
  return action
}
