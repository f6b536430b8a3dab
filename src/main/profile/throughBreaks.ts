import { AppError } from '../../shared/errors'

/** A line that breaks this often without a single piece in between is not worth waiting for. */
const maxBreaks = 3

/** Work on a board in pieces, of which those that are done stay done when its line is lost. */
export interface BreakableWork {
  /** Does what is left; throws where it cannot go on. */
  readonly run: () => Promise<void>
  /** Pieces done so far. */
  readonly done: () => number
  /** Waits until the board is back. */
  readonly untilBack: (failure: AppError) => Promise<void>
  readonly signal: AbortSignal
}

/**
 * Does work to its end, however often the line to the board is lost meanwhile, as long as it gets on.
 *
 * @throws what `run` throws: board.disconnected after an abort, or when it came four times without a piece in between, and
 *   anything else at once; what `untilBack` throws
 */
export async function throughBreaks({ run, done, untilBack, signal }: BreakableWork): Promise<void> {
  for (let breaks = 0, doneBefore = done(); ;) {
    try {
      return await run()
    } catch (error) {
      const failure = AppError.from(error)
      breaks = done() > doneBefore ? 1 : breaks + 1
      doneBefore = done()
      if (failure.code !== 'board.disconnected' || signal.aborted || breaks > maxBreaks) throw error
      await untilBack(failure)
    }
  }
}
