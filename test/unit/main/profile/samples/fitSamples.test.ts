import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toProxySamples } from '@core/profile/proxyRows'
import { readFitSamples } from '@main/profile/samples/fitSamples'
import { profileMigrations } from '@main/profile/profileService'
import { createSampleStore } from '@main/profile/samples/sampleStore'
import { openStore, type Store } from '@main/store/store'
import type { Sample } from '@shared/contract/profile'

let store: Store
beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [profileMigrations] })
})
afterEach(() => store.close())

const sample = (id: string, changes: Partial<Sample>): Sample => ({
  id,
  campaignId: null,
  kernel: 'conv2d',
  dims: [8, 9, 3, 5, 3, 1, 1],
  activationBits: 8,
  weightBits: 4,
  time: 1000,
  timeMin: 1000,
  timeMax: 1000,
  unit: 'cycles',
  cycles: 1000,
  instructions: null,
  macs: 1,
  repetitions: 2,
  seed: 1,
  checksum: null,
  verified: true,
  origin: 'simulated',
  method: 'bench cycles counter',
  boardId: 'virtual:small',
  boardKind: 'virtual',
  boardName: 'small',
  isa: 'rv32imac',
  coreName: 'core',
  buildId: 7,
  clockHz: null,
  measuredAtMs: 100,
  ...changes
})

describe('Samples of an item that was measured beside a meter', () => {
  it('keep the wall-clock time of its counts, and none of its energy', async () => {
    const samples = createSampleStore(store)
    await samples.addTogether([
      { sample: sample('counts', {}), tookMs: 40 },
      { sample: sample('energy', { unit: 'nJ', time: 3.5, repetitions: 900 }), tookMs: null }
    ])
    const board = { boardId: 'virtual:small', buildId: 7, coreName: 'core' }
    expect(await samples.tookMs(board, 10)).toMatchObject([{ repetitions: 2, tookMs: 40 }])
    expect([...(await samples.measuredTimes(board, 1)).values()]).toEqual([
      { id: 'counts', time: 1000, tookMs: 40 }
    ])
    expect([...(await samples.measured(board, 1, 'energy')).values()]).toEqual(['energy'])
  })
})

describe('Samples that a proxy is fitted to', () => {
  it('are those of the newest firmware and its unit, oldest first, as toProxySamples has them', async () => {
    const current = [
      sample('b', { measuredAtMs: 200, buildId: null, time: 2000.5 }),
      sample('c', { measuredAtMs: 300, buildId: null, dims: [4, 4, 2, 2, 1, 1, 0], weightBits: 2 })
    ]
    await createSampleStore(store).addSamples([
      [
        current[1]!,
        sample('old firmware', { measuredAtMs: 250 }),
        sample('other unit', { measuredAtMs: 260, buildId: null, unit: 'instructions' }),
        sample('other board', { measuredAtMs: 900, boardId: 'virtual:high' }),
        sample('energy', { measuredAtMs: 270, buildId: null, unit: 'nJ' }),
        sample('other kernel', { measuredAtMs: 900, kernel: 'add', dims: [64] }),
        current[0]!
      ]
    ])
    const found = await readFitSamples(store, 'virtual:small', 'conv2d', 'latency')
    const expected = toProxySamples('conv2d', 'cycles', current, { SampleId: ['b', 'c'] })
    expect(found).toEqual(expected)
    expect(found!.dims.map((column) => column[0])).toEqual([10, 11, 3, 5, 3, 1])
    const energy = await readFitSamples(store, 'virtual:small', 'conv2d', 'energy')
    expect([energy?.unit, energy?.labels]).toEqual(['nJ', { SampleId: ['energy'] }])
  })

  it('have no bit widths where the kernel has no weights', async () => {
    await createSampleStore(store).addSamples([[sample('a', { kernel: 'add', dims: [64], weightBits: 0 })]])
    const found = await readFitSamples(store, 'virtual:small', 'add', 'latency')
    expect([...found!.dims[0]!, ...found!.activationBits, ...found!.weightBits]).toEqual([64, 0, 0])
  })

  it('are null when nothing was measured', async () => {
    expect(await readFitSamples(store, 'virtual:small', 'matmul', 'latency')).toBeNull()
  })
})
