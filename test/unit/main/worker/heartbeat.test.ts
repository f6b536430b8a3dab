import { expect, it } from 'vitest'
import { startHeartbeat } from '@main/worker/heartbeat'

/** A Redis client that keeps one worker's report; its clock is read only when `release` is called. */
function slowClient() {
  const kept = new Map<string, string>()
  let release: () => void = () => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  const multi = () => {
    const changes: (() => void)[] = []
    const chain = {
      sadd: () => chain,
      srem: () => chain,
      set: (key: string, text: string) => (changes.push(() => kept.set(key, text)), chain),
      del: (key: string) => (changes.push(() => kept.delete(key)), chain),
      exec: async () => changes.forEach((change) => change())
    }
    return chain
  }
  const time = async () => (await released, ['1', '0'])
  return { client: { time, multi }, kept, release }
}

it('a worker that stops while it reports is not listed afterwards', async () => {
  const { client, kept, release } = slowClient()
  const heartbeat = startHeartbeat({
    server: { state: 'up', client } as never,
    consumer: { activity: () => ({ done: 0, failed: 0, running: [] }) } as never,
    identity: { host: 'here', processor: 'p', code: 'c', arithmetic: 'a' } as never,
    tasks: [],
    concurrency: 1,
    nowMs: () => 0
  })
  const stopped = heartbeat.stop()
  release()
  await stopped
  // Whatever was still under way has been written by now.
  await new Promise((resolve) => setImmediate(resolve))
  expect([...kept.keys()]).toEqual([])
})
