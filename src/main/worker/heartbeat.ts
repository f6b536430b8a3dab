import { randomUUID } from 'node:crypto'
import { createTurns } from '../../shared/turns'
import type { CodeIdentity } from './codeIdentity'
import type { QueueConsumer } from './queue/queueConsumer'
import type { QueueServer } from './queue/queueServer'
import { announce, heartbeatMs, serverNowMs, withdraw } from './workerRegistry'

const minuteMs = 60_000

/** Reports every few seconds what a consumer does, until it is stopped. */
export function startHeartbeat(options: {
  server: QueueServer
  consumer: QueueConsumer
  identity: CodeIdentity
  tasks: readonly string[]
  concurrency: number
  nowMs: () => number
}): { id: string; stop(): Promise<void> } {
  const { server, consumer, identity, tasks, concurrency, nowMs } = options
  const id = randomUUID()
  const { host, processor, code, arithmetic } = identity
  const finished: { atMs: number; count: number }[] = [{ atMs: nowMs(), count: 0 }]
  let startedAtMs: number | undefined
  let isStopped = false
  const turns = createTurns()

  const beat = async (): Promise<void> => {
    if (isStopped || server.state !== 'up') return
    startedAtMs ??= await serverNowMs(server.client)
    const { done, failed, running } = consumer.activity()
    finished.push({ atMs: nowMs(), count: done + failed })
    while (finished.length > 2 && finished[1].atMs <= nowMs() - minuteMs) finished.shift()
    await announce(server.client, {
      ...{ id, host, processor, code, arithmetic, concurrency, done, failed, startedAtMs },
      pid: process.pid,
      tasks: [...tasks],
      perMinute: done + failed - finished[0].count,
      running: running.map(({ task, sinceMs }) => ({ task, forMs: Math.max(0, nowMs() - sinceMs) }))
    })
  }
  const report = (): void => void turns.take(beat).catch(() => undefined)
  report()
  const timer = setInterval(report, heartbeatMs)
  timer.unref()
  return {
    id,
    async stop() {
      clearInterval(timer)
      isStopped = true
      // A report under way would be written behind the withdrawal, and the worker be listed for an hour.
      await turns.ended()
      if (server.state === 'up') await withdraw(server.client, id).catch(() => undefined)
    }
  }
}
