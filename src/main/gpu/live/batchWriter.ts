/** Collects rows and hands them on in order, in batches, one write at a time. */
export interface BatchWriter<T> {
  add(row: T): void
  /**
   * Resolves when every row added so far is written.
   *
   * @throws what the first failed write failed with; rows added after a failure are refused the same way
   */
  flush(): Promise<void>
}

/** How rows are gathered before they are written. */
export interface BatchOptions {
  /** How long a row may wait for company, ms; 0 writes as soon as no other write runs. What a crash can lose is bounded by it. */
  everyMs?: number
  /** Called once, when a write fails: nothing is written after it. */
  onFailure?: (cause: unknown) => void
}

/** A batch goes out when this many rows wait, or after `everyMs`, whichever is first. */
const batchRows = 2_000

/** Writes rows in batches, one write at a time. */
export function createBatchWriter<T>(
  write: (batch: T[]) => Promise<void>,
  { everyMs = 500, onFailure }: BatchOptions = {}
): BatchWriter<T> {
  let waiting: T[] = []
  let timer: NodeJS.Timeout | undefined
  let tail: Promise<void> = Promise.resolve()
  let failure: { cause: unknown } | undefined
  const writeWaiting = async (): Promise<void> => {
    const batch = waiting
    waiting = []
    if (batch.length === 0 || failure !== undefined) return
    try {
      await write(batch)
    } catch (cause) {
      failure = { cause }
      onFailure?.(cause)
    }
  }
  const send = (): void => {
    clearTimeout(timer)
    timer = undefined
    // The rows are taken when their turn comes, so that what arrives during a slow write goes out together.
    tail = tail.then(writeWaiting)
  }
  return {
    add(row) {
      if (failure !== undefined) return
      waiting.push(row)
      if (everyMs === 0 ? waiting.length === 1 : waiting.length === batchRows) send()
      else if (everyMs > 0) timer ??= setTimeout(send, everyMs)
    },
    async flush() {
      send()
      await tail
      if (failure !== undefined) throw failure.cause
    }
  }
}
