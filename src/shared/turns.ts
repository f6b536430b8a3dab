/** Runs pieces of work one after the other, in the order given. A piece that fails does not stop the next. */
export interface Turns {
  /** Runs `work` once everything given before has ended; returns its value or throws its error. */
  take<T>(work: () => Promise<T>): Promise<T>
  /** Resolves when everything given so far has ended; never rejects. */
  ended(): Promise<void>
}

/** Returns turns that nothing waits in. */
export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve()
  return {
    take(work) {
      const result = last.then(work)
      last = result.then(ignore, ignore)
      return result
    },
    ended: () => last
  }
}

const ignore = (): void => undefined
