import type { Queue, QueueEvents } from 'bullmq'
import { keyPrefix } from './queueJob'
import { pauseOrAbort, stopped, type QueueServer } from './queueServer'

interface OpenQueue {
  readonly queue: Queue
  readonly events: QueueEvents
}

/** Queues of a server, opened with their first use. */
export interface OpenQueues {
  /** @throws AppError job.cancelled, queue.* */
  get(name: string, signal: AbortSignal): Promise<Queue>
  close(): Promise<void>
}

/** Returns the queues of a server; `onEnd` gets the id of every job that completes or fails on one of them. */
export async function createOpenQueues(
  server: QueueServer,
  onEnd: (jobId: string) => void
): Promise<OpenQueues> {
  const { client } = server
  const bull = await import('bullmq')
  const queues = new Map<string, Promise<OpenQueue>>()

  const open = async (name: string): Promise<OpenQueue> => {
    const queue = new bull.Queue(name, {
      connection: client,
      prefix: keyPrefix,
      skipWaitingForReady: true,
      streams: { events: { maxLen: 2_000 } }
    })
    queue.on('error', () => undefined)
    // Read from here on: the listener's connection may be ready after the first job has ended.
    const [last] = await client.xrevrange(`${keyPrefix}:${name}:events`, '+', '-', 'COUNT', 1)
    const events = new bull.QueueEvents(name, {
      connection: server.another(),
      prefix: keyPrefix,
      lastEventId: last?.[0] ?? '0-0'
    })
    events.on('error', () => undefined)
    events.on('completed', ({ jobId }) => onEnd(jobId))
    events.on('failed', ({ jobId }) => onEnd(jobId))
    return { queue, events }
  }

  return {
    async get(name, signal) {
      // An abort that has been is not heard below, and the server may stay away.
      if (signal.aborted) throw stopped()
      let opening = queues.get(name)
      if (opening === undefined) {
        opening = server.whenUp(() => open(name))
        queues.set(name, opening)
        opening.catch(() => queues.delete(name))
      }
      const leave = new AbortController()
      const aborted = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(stopped()), { signal: leave.signal })
      )
      try {
        return (await Promise.race([opening, aborted])).queue
      } finally {
        leave.abort()
      }
    },
    async close() {
      const closing = [...queues.values()].map(async (opening) => {
        const { queue, events } = await opening
        await Promise.allSettled([events.close(), queue.close()])
      })
      // While the server is down they would wait for it.
      await Promise.race([Promise.allSettled(closing), pauseOrAbort(server.state === 'up' ? 2_000 : 0)])
    }
  }
}
