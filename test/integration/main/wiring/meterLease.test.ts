import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectMeters, connectPorts } from '@main/wiring/devices'
import { meterSetupSchema } from '@shared/contract/meter'
import { AppError } from '@shared/errors'

let connections = 0
/** A text meter on the network: 1 A every 5 ms. */
const server = createServer((socket) => {
  connections++
  let at = 0
  const timer = setInterval(() => socket.write(`${5 * at++},1\n`), 5)
  socket.on('error', () => undefined)
  socket.on('close', () => clearInterval(timer))
})
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => new Promise<unknown>((resolve) => server.close(resolve)))
beforeEach(() => (connections = 0))

/** Reads the meter for 50 ms under the leases that `leaseLine` gives. */
function read(leaseLine: Parameters<typeof connectPorts>[1]) {
  const port = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
  // A line on the network needs nothing of a host's foundation but a folder's name, and reading needs no recordings.
  const foundation = { dataFolder: '/nowhere' } as Parameters<typeof connectPorts>[0]
  const unwatchedFoundation = { emitter: () => () => undefined, newId: () => 'meter', nowMs: () => 0 }
  const meters = connectMeters(unwatchedFoundation, connectPorts(foundation, leaseLine), {} as never)
  const setup = meterSetupSchema.parse({ port, supplyV: 2 })
  return meters.handlers['meter.read']({ ...setup, durationMs: 50 }, { signal: new AbortController().signal })
}

describe('a meter on the network', () => {
  it('is read under a lease of its line, which is given back', async () => {
    const events: string[] = []
    const result = await read(async (port) => {
      events.push(`take ${port}`)
      return { onLost: () => undefined, release: async () => void events.push('release') }
    })
    expect(result.meanW).toBeCloseTo(2, 9)
    expect(events).toEqual([expect.stringMatching(/^take tcp:\/\/127\.0\.0\.1:\d+$/), 'release'])
  })

  it('is not connected to while another host holds the lease', async () => {
    const busy = new AppError('board.busy', 'It is held by another host.', 'Wait.')
    await expect(read(() => Promise.reject(busy))).rejects.toBe(busy)
    expect(connections).toBe(0)
  })
})
