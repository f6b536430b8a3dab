/** Collects rows and hands them on in order, in batches, one write at a time. */
export interface BatchWriter<T> {
  add(row: T): void
  /** Writes what is left and waits for it. @throws what a write failed with, once */
  flush(): Promise<void>
}

/** Batches go out when this many rows wait or after `everyMs`, whichever is first: what a crash can lose is bounded. */
const batchRows = 2_000
const everyMs = 500

export function createBatchWriter<T>(write: (batch: T[]) => Promise<void>): BatchWriter<T> {
  let waiting: T[] = []
  let timer: NodeJS.Timeout | undefined
  let tail: Promise<void> = Promise.resolve()
  let failure: unknown
  const send = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length === 0) return
    const batch = waiting
    waiting = []
    tail = tail.then(() => write(batch)).catch((cause: unknown) => void (failure ??= cause))
  }
  return {
    add(row) {
      waiting.push(row)
      if (waiting.length >= batchRows) send()
      else timer ??= setTimeout(send, everyMs)
    },
    async flush() {
      send()
      await tail
      if (failure !== undefined) {
        const cause = failure
        failure = undefined
        throw cause
      }
    }
  }
}
