import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { serveHost, type ServedHost } from '../support/servedHost'

/** A meter that is lost while it is recorded without a command: the recording ends, and what was read is kept. */
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench lost meter '))
const sockets: Socket[] = []
const server = createServer((socket) => {
  sockets.push(socket)
  let ms = 0
  const timer = setInterval(() => socket.write(`${(ms += 10)},0.5\n`), 10)
  socket.on('error', () => undefined).on('close', () => clearInterval(timer))
})
let host: ServedHost | undefined
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterEach(() => host?.kill())
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

it('ends a recording that would go on until it is ended, and says why', { timeout: 120_000 }, async () => {
  host = await serveHost(folder)
  const port = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { jobId, recordingId } = await host.call('meter.record', { port, kind: 'text', supplyV: 2 })
  const trace = { id: recordingId, gpuIndex: 0, metric: 'powerW', buckets: 1 } as const
  await expect
    .poll(async () => (await host!.call('gpu.recordingTrace', trace)).stepMs, { timeout: 60_000 })
    .toBeGreaterThan(1)
  for (const socket of sockets) socket.destroy()
  const ended = (event: string, payload: unknown): boolean => {
    const job = payload as { id: string; state: string }
    return event === 'job.changed' && job.id === jobId && !['running', 'queued'].includes(job.state)
  }
  await host.heardOf(({ event, payload }) => ended(event, payload))
  const last = host.heard.findLast(({ event, payload }) => ended(event, payload))
  expect(last?.payload).toMatchObject({ state: 'failed', error: { code: 'meter.disconnected' } })
  const { recording } = await host.call('gpu.recording', { id: recordingId })
  expect(recording).toMatchObject({ state: 'failed', meter: { kind: 'text', supplyV: 2 } })
  expect(recording.samples).toBeGreaterThan(0)
  const { meters } = await host.call('meter.live', {})
  expect(meters[0]).toMatchObject({ recordingId, state: 'failed', error: { code: 'meter.disconnected' } })
})
