import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { serveHost, type ServedHost } from '../support/servedHost'

/** What a power meter reads beside a campaign is stored as it comes, by the process that serves the window. */
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-campaign-power-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let host: ServedHost | undefined
afterEach(() => host?.kill())

const boardId = 'virtual:high'
const request = {
  ...{ boardId, shapes: [{ kernel: 'matmul', dims: [1, 24, 64] }], spaceFilling: 0 },
  pairs: [
    { activationBits: 8, weightBits: 8 },
    { activationBits: 2, weightBits: 1 }
  ],
  energy: { meter: { port: 'virtual:ppk2', kind: 'ppk2', supplyV: 3.3 }, trialMs: 60, idleMs: 300 }
} as const
const recordings = async (of: ServedHost) => (await of.call('gpu.recordings', {})).recordings
const trace = { gpuIndex: 0, metric: 'powerW', buckets: 50 } as const

it(
  'power beside a campaign is kept with its phases, does not keep other recordings away, and goes with the session',
  { timeout: 300_000 },
  async () => {
    const from: ServedHost = (host = await serveHost(path.join(folder, 'whole')))
    await from.call('board.connect', { id: boardId })
    const { campaignId } = await from.call('profile.run', request as never)
    await expect.poll(async () => (await recordings(from)).length, { timeout: 60_000 }).toBe(1)
    expect((await recordings(from))[0]).toMatchObject({ campaignId, state: 'running' })
    const beside = { ...request.energy.meter, title: 'Beside it', command: [], durationMs: 500 } as never
    const { recordingId } = await from.call('meter.record', beside)
    // One made for itself still keeps another one away.
    await expect(from.call('meter.record', beside)).rejects.toThrow(/recording/i)
    await expect
      .poll(async () => (await from.call('profile.campaigns', {})).campaigns[0]?.state, { timeout: 120_000 })
      .toBe('done')
    const states = async () => (await recordings(from)).map(({ state }) => state)
    await expect.poll(states, { timeout: 30_000 }).toEqual(['done', 'done'])
    const all = await recordings(from)
    const kept = all.find((one) => one.campaignId === campaignId)
    expect(all.find(({ id }) => id === recordingId)).toMatchObject({ state: 'done', title: 'Beside it' })
    expect((await from.call('gpu.recording', { id: recordingId })).phases).toEqual([])
    const { phases, gaps } = await from.call('gpu.recording', { id: kept!.id })
    expect(gaps).toEqual([])
    // Rest once, then each of two items 3 times long and 3 times short.
    const work = phases.filter(({ name }) => name !== 'idle')
    expect([phases.length - work.length, work.length]).toEqual([1, 12])
    expect(work.every(({ ended, toMs, fromMs }) => ended && toMs > fromMs)).toBe(true)
    expect(new Set(work.map(({ name }) => name)).size).toBe(4)
    expect(work[0]!.name).toBe(`matmul 1x24x64 w8a8, ${work[0]!.repetitions!.toLocaleString('en-US')} calls`)
    // The simulated board waits at 8 mA and 3.3 V, with a ripple of 1 %.
    const energy = await from.call('energy.report', { recordingId: kept!.id })
    expect(energy.gpus[0]!.idle.powerW).toBeCloseTo(0.0264, 3)
    for (const { netJ, durationMs } of energy.phases.filter(({ name }) => name !== 'idle')) {
      expect(durationMs).toBeGreaterThan(5)
      expect(netJ).toBeGreaterThan(0)
    }
    const file = path.join(folder, 'campaign.bbsession')
    const { runs } = await from.call('session.export', { runIds: [campaignId], file })
    expect(runs.map(({ id }) => id).sort()).toEqual([campaignId, kept!.id].sort())
  }
)

it('what was read before the process was killed is there afterwards', { timeout: 300_000 }, async () => {
  const data = path.join(folder, 'killed')
  let from: ServedHost = (host = await serveHost(data))
  await from.call('board.connect', { id: boardId })
  const { campaignId } = await from.call('profile.run', {
    ...request,
    energy: { ...request.energy, trials: 20, trialMs: 500 }
  } as never)
  const marks = (): unknown[] => from.heard.filter(({ event }) => event === 'gpu.phaseMarked')
  await expect.poll(() => marks().length, { timeout: 120_000 }).toBeGreaterThan(4)
  await from.kill()
  const announced = marks().length
  from = host = await serveHost(data)
  const [kept] = await recordings(from)
  expect(kept).toMatchObject({ campaignId, state: 'interrupted' })
  const { phases } = await from.call('gpu.recording', { id: kept!.id })
  expect(phases.length).toBeGreaterThanOrEqual(Math.floor(announced / 2))
  const { mean } = await from.call('gpu.recordingTrace', { id: kept!.id, ...trace })
  expect(mean.filter((value) => value !== null).length).toBeGreaterThan(2)
})
