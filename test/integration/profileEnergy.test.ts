import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MonitorClient } from '@core/board/monitorClient'
import type { BenchRequest } from '@core/board/protocol'
import { readProfileCsv } from '@core/proxy/csv/readCsv'
import { decide } from '@core/proxy/adaptive/adaptive'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { createMachine } from '@core/sim/createMachine'
import { wallClock } from '@main/board/clock'
import { converse } from '@main/board/runConversation'
import { steadyMs, virtualBoardsMetered } from '@main/board/links/virtualActivity'
import type { EnergyMeter } from '@main/profile/measureEnergy'
import { createMeterService } from '@main/meter/meterService'
import { resourcePath } from '@main/paths'
import { createProfileService, profileMigrations, type ProfileService } from '@main/profile/profileService'
import { createRunLabels, runMigrations } from '@main/runs/runLabels'
import { profileContract, type Sample } from '@shared/contract/profile'
import { type BoardBench, createBoardBench } from '../support/boardBench'
import { createSimulatorLink } from '../support/simulatorLink'
import { keptNowhere, unwatched } from '../support/liveMeterDeps'

const context = { signal: new AbortController().signal }
let bench: BoardBench
let profile: ProfileService
let deps: Parameters<typeof createProfileService>[0]
let ids = 0
beforeAll(async () => {
  bench = await createBoardBench({}, [profileMigrations, runMigrations])
  const meters = createMeterService({
    ...unwatched,
    steadyMs,
    virtualBoards: virtualBoardsMetered,
    openLine: () => Promise.reject(new Error('The simulated meter needs no port.')),
    record: () => Promise.reject(new Error('Nothing is recorded here.'))
  })
  deps = {
    boards: bench.boards,
    store: bench.store,
    jobs: bench.jobs,
    labels: createRunLabels(bench.store),
    emit: () => undefined,
    nowMs: () => Date.now(),
    newId: () => `id${++ids}`,
    openMeter: (setup) => meters.openPhases(setup, keptNowhere),
    checksum: async (item, seed) => expectedChecksum(item, seed),
    decide: async (plan, state) => decide(plan, state),
    readCsv: async (text, options) => readProfileCsv(text, options),
    layerShapes: async () => []
  }
  profile = createProfileService(deps)
  await bench.boards.connect('virtual:high')
})
afterAll(() => bench.close())

const call = <K extends keyof ProfileService['handlers']>(
  name: K,
  input: unknown
): ReturnType<ProfileService['handlers'][K]> =>
  profile.handlers[name](profileContract.commands[name].in.parse(input) as never, context) as never

/** Energy of a call by the simulator itself, nJ: the same commands on a machine without a meter. */
async function energyBySimulator(samples: readonly Sample[]): Promise<number[]> {
  const machine = createMachine({ board: 'high' })
  machine.loadElf(readFileSync(path.join(resourcePath('firmware', 'build'), 'monitor.elf')))
  machine.reset()
  const link = createSimulatorLink(machine, wallClock)
  const client = new MonitorClient()
  await converse(link, client.hello(1), { stallMs: 60_000 })
  const run = async (request: BenchRequest): Promise<{ energyJ: number; cycles: number }> => {
    const before = { energyJ: machine.energyJ(), cycles: machine.cycles() }
    await converse(link, client.bench(request), { stallMs: 60_000 })
    return { energyJ: machine.energyJ() - before.energyJ, cycles: machine.cycles() - before.cycles }
  }
  const energies: number[] = []
  for (const { kernel, dims, activationBits, weightBits, seed, cycles } of samples) {
    const request = { kernel, dims, activationBits, weightBits, seed }
    // Replies list at most 64 repetitions: both are equally long. The loop around the calls is no part of them.
    const [few, many] = [
      await run({ ...request, repetitions: 64 }),
      await run({ ...request, repetitions: 264 })
    ]
    energies.push((1e9 * cycles! * (many.energyJ - few.energyJ)) / (many.cycles - few.cycles))
  }
  await link.close()
  return energies
}

describe('a campaign with the simulated power meter', { timeout: 600_000 }, () => {
  const request = {
    boardId: 'virtual:high',
    shapes: [
      { kernel: 'matmul', dims: [1, 24, 64] },
      { kernel: 'conv2d', dims: [6, 6, 4, 4, 3, 1, 1] }
    ],
    spaceFilling: 0,
    pairs: [
      { activationBits: 8, weightBits: 8 },
      { activationBits: 2, weightBits: 1 }
    ],
    energy: {
      meter: { port: 'virtual:ppk2', kind: 'ppk2', supplyV: 3.3, binMs: 0.1 },
      trialMs: 60,
      idleMs: 300
    }
  }

  it('leaves a Sample in nJ beside that of the counts, as much as the simulator itself says', async () => {
    const { campaignId } = await call('profile.run', request)
    await bench.jobs.idle()
    const [campaign] = (await call('profile.campaigns', {})).campaigns
    const { samples } = await call('profile.samples', { campaignId })
    expect(await bench.store.all('SELECT item_key, reason FROM profile_refusal')).toEqual([])
    expect(campaign).toMatchObject({ state: 'done', error: null, done: 4, total: 4 })
    const counts = samples.filter(({ unit }) => unit === 'cycles')
    const energies = samples.filter(({ unit }) => unit === 'nJ')
    expect([counts.length, energies.length]).toEqual([4, 4])
    const expected = await energyBySimulator(energies)
    energies.forEach((sample, at) => {
      const same = counts.find(({ cycles, kernel }) => cycles === sample.cycles && kernel === sample.kernel)
      expect(same).toBeDefined()
      expect(sample.timeMin).toBeLessThanOrEqual(sample.time)
      expect(sample.timeMax).toBeGreaterThanOrEqual(sample.time)
      // The meter's ripple and steps, and a rest that was measured before.
      expect(Math.abs(sample.time / expected[at]! - 1)).toBeLessThan(0.02)
      expect(sample).toMatchObject({ origin: 'simulated', verified: true })
    })
    // Not a constant times the cycles, or a proxy of energy would be one of cycles.
    const perCycle = energies.map(({ time, cycles }) => time / cycles!)
    expect(Math.max(...perCycle) / Math.min(...perCycle)).toBeGreaterThan(1.04)
  })

  it('is measured once: a second campaign finds the energy there, one without a meter the counts', async () => {
    const known = { samples: 0, alreadyMeasured: 4 }
    expect((await call('profile.plan', request)).plan).toMatchObject(known)
    expect((await call('profile.plan', { ...request, energy: null })).plan).toMatchObject(known)
  })

  it('gives fits what they ask for, latency or energy', async () => {
    const latency = await profile.fitSamples('virtual:high', 'matmul', 'latency')
    const energy = await profile.fitSamples('virtual:high', 'matmul', 'energy')
    expect([latency?.unit, latency?.count, energy?.unit, energy?.count]).toEqual(['cycles', 2, 'nJ', 2])
  })

  it('exports energy as a CSV that is read back with its unit', async () => {
    const { text } = await call('profile.export', { kernel: 'conv2d', unit: 'nJ' })
    const read = await readProfileCsv(text!, { kernel: 'conv2d', fileName: 'energy.csv' })
    expect(read.samples.unit).toBe('nJ')
    const { samples } = await call('profile.samples', { kernel: 'conv2d', unit: 'nJ' })
    expect([...read.samples.time]).toEqual(samples.map(({ time }) => time))
    const imported = await call('profile.import', {
      ...{ file: { name: 'energy.csv', text }, kernel: 'conv2d', boardName: 'elsewhere' }
    })
    const page = await call('profile.samples', { campaignId: imported.campaignId })
    expect(page.samples.map(({ unit, time }) => [unit, time])).toEqual(
      samples.map(({ time }) => ['nJ', time])
    )
  })

  it('keeps the counts of a kernel whose energy the meter cannot tell from nothing, and counts it once', async () => {
    let phases = 0
    const drawnJ = [5, 1, 1, 5]
    const noise: EnergyMeter = {
      name: 'noise',
      origin: 'simulated',
      nowMs: () => performance.now(),
      async phase(work) {
        await work()
        return { energyJ: drawnJ[phases++ % 4]!, windowMs: 100, durationMs: 60 }
      },
      rest: async (durationMs) => ({ energyJ: 0, windowMs: durationMs, durationMs }),
      close: async () => undefined
    }
    const noisy = createProfileService({ ...deps, openMeter: async () => noise })
    const shapes = [{ kernel: 'matmul', dims: [1, 20, 32] }]
    const input = profileContract.commands['profile.run'].in.parse({ ...request, shapes })
    const { campaignId } = (await noisy.handlers['profile.run'](input as never, context)) as {
      campaignId: string
    }
    await bench.jobs.idle()
    const campaign = (await call('profile.campaigns', {})).campaigns.find(({ id }) => id === campaignId)
    expect(campaign).toMatchObject({ state: 'done', done: 2, total: 2 })
    expect(campaign?.error).toMatch(/^The energy of 2 of 2 items is missing: The energy of matmul:1x20x32:/)
    const { samples } = await call('profile.samples', { campaignId })
    expect(samples.map(({ unit, verified }) => [unit, verified])).toEqual([
      ['cycles', true],
      ['cycles', true]
    ])
    const noted = await bench.store.all(
      'SELECT reason FROM profile_refusal WHERE campaign_id = $1 ORDER BY item_key',
      [campaignId]
    )
    expect(noted).toHaveLength(2)
    for (const { reason } of noted) expect(reason).toContain('matmul')
  })

  it('refuses the simulated meter beside another board', async () => {
    const serial = { ...bench.boards.identified('virtual:high'), kind: 'serial' as const }
    const other = createProfileService({ ...deps, boards: { ...bench.boards, identified: () => serial } })
    const input = profileContract.commands['profile.run'].in.parse(request)
    await expect(other.handlers['profile.run'](input as never, context)).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('measures virtual boards alone') as string
    })
  })
})
