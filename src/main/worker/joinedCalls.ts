import { stopped } from './queue/queueServer'

interface JoinedCall {
  readonly promise: Promise<unknown>
  waiters: number
  readonly stop: AbortController
}

/** Equal calls of this process that run once. */
export interface JoinedCalls {
  /**
   * Joins the call of the same key or starts one; it is stopped when the last who waits for it is aborted.
   * @throws AppError job.cancelled when aborted, and what `start` throws
   */
  run(key: string, start: (signal: AbortSignal) => Promise<unknown>, signal?: AbortSignal): Promise<unknown>
  count(): number
  /** Aborts all calls. */
  stop(): void
}

/** Returns calls of which equal ones run once. */
export function createJoinedCalls(): JoinedCalls {
  const calls = new Map<string, JoinedCall>()

  const begin = (key: string, start: (signal: AbortSignal) => Promise<unknown>): JoinedCall => {
    const stop = new AbortController()
    const promise = start(stop.signal).finally(() => {
      if (calls.get(key) === call) calls.delete(key)
    })
    promise.catch(() => undefined)
    const call: JoinedCall = { promise, waiters: 0, stop }
    calls.set(key, call)
    return call
  }

  return {
    async run(key, start, signal) {
      if (signal?.aborted === true) throw stopped()
      const call = calls.get(key) ?? begin(key, start)
      call.waiters++
      return await new Promise((resolve, reject) => {
        const onAbort = (): void => {
          if (--call.waiters === 0) {
            if (calls.get(key) === call) calls.delete(key)
            call.stop.abort()
          }
          reject(stopped())
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        call.promise.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort))
      })
    },
    count: () => calls.size,
    stop() {
      for (const { stop } of calls.values()) stop.abort()
    }
  }
}
