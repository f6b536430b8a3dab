/** Longest time that a long computation keeps its thread, ms: requests wait no longer than 50 ms. */
const turnMs = 10

/** Returns a function to call often in a long computation: once its turn is over, what waits for the thread runs first. */
export function createPause(): () => Promise<void> {
  let startedMs = performance.now()
  return async () => {
    if (performance.now() - startedMs < turnMs) return
    await new Promise<void>((resolve) => setImmediate(resolve))
    startedMs = performance.now()
  }
}
