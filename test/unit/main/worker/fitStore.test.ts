import { expect, it } from 'vitest'
import type { ReconstructedLayer } from '@core/quant/quantize/reconstruct'
import { createFitStore } from '@main/worker/fits/fitStore'
import type { QueueServer } from '@main/worker/queue/queueServer'
import { testIdentity } from '../../../support/fakeQueue'

/** A server in this process, which replies at once. */
function serverHere(): QueueServer {
  const values = new Map<string, Buffer>()
  const client = {
    eval: async (_script: string, _keys: number, key: string, ...rest: unknown[]) =>
      void values.set(key, rest[2] as Buffer),
    mgetBuffer: async (keys: readonly string[]) => keys.map((key) => values.get(key) ?? null),
    pubsub: async () => ['cancel', 2],
    info: async () => 'maxmemory:0\r\nused_memory:1'
  }
  return { state: 'up', problem: null, client } as unknown as QueueServer
}

it('lets others run while it looks at fits of many MiB', async () => {
  const store = createFitStore(serverHere(), testIdentity, () => 0)
  const fitOf = (n: number): ReconstructedLayer => ({
    codes: new Int8Array(3 * 2 ** 20).fill(n),
    scales: Float64Array.of(0.25),
    bias: Float64Array.of(n)
  })
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  for (const [at, name] of names.entries()) await store.publish('net', name, fitOf(at))
  let turns = 0
  const count = (): void => {
    turns++
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  const found = await store.find('net', names)
  clearImmediate(next)
  expect(found.map((fit) => [fit!.bias[0], fit!.codes[5]])).toEqual(names.map((_, at) => [at, at]))
  // 21 MiB, 8 at a time.
  expect(turns).toBeGreaterThanOrEqual(2)
})
