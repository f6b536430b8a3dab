import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { profileMigrations } from '@main/profile/profileService'
import { provenanceColumns, rowOnlyColumns, sampleFields } from '@main/profile/samples/sampleColumns'
import { createSampleStore } from '@main/profile/samples/sampleStore'
import { openStore, type Store } from '@main/store/store'
import { sampleSchema, type Sample } from '@shared/contract/profile'

/** Every field another value, so that two swapped columns cannot go unnoticed. */
const sample: Sample = {
  id: 's1',
  campaignId: 'c1',
  kernel: 'matmul',
  dims: [2, 8, 32],
  activationBits: 8,
  weightBits: 4,
  time: 101.5,
  timeMin: 100,
  timeMax: 109,
  unit: 'cycles',
  cycles: 102,
  instructions: 51,
  macs: 512,
  repetitions: 3,
  seed: 4_294_967_295,
  checksum: 0xdeadbeef,
  verified: true,
  origin: 'simulated',
  method: 'bench cycles counter',
  boardId: 'virtual:small',
  boardKind: 'virtual',
  boardName: 'Board, "one"',
  isa: 'rv32imac',
  coreName: 'core',
  buildId: 7,
  clockHz: 50_000_000,
  measuredAtMs: 1_790_000_000_123
}

let store: Store
beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [profileMigrations] })
})
afterEach(() => store.close())

describe('a Sample as a row', () => {
  it('has one list of fields: those of the contract, and those of the table', async () => {
    expect(sampleFields.map(({ field }) => field).sort()).toEqual(Object.keys(sampleSchema.shape).sort())
    const columns = await store.all<{ column_name: string }>(
      `SELECT column_name FROM information_schema.columns WHERE table_name = 'profile_sample'`
    )
    expect(columns.map((row) => row.column_name).sort()).toEqual(
      [...sampleFields.map(({ column }) => column), ...rowOnlyColumns].sort()
    )
  })

  it('comes back as it was stored, with and without what may be unknown', async () => {
    const samples = createSampleStore(store)
    const unknown = { campaignId: null, cycles: null, instructions: null, checksum: null }
    const bare: Sample = { ...sample, ...unknown, buildId: null, clockHz: null, id: 's2' }
    await samples.addSample(sample, 12.5)
    await samples.addSample(bare, null)
    expect(await samples.samples({})).toEqual([sample, bare])
    const rows = await store.all('SELECT id, item_key, took_ms, board_name FROM profile_sample ORDER BY id')
    expect(rows.map((row) => [row['took_ms'], row['board_name']])).toEqual([
      [12.5, 'Board, "one"'],
      [null, 'Board, "one"']
    ])
  })

  it('names the field that no longer fits', async () => {
    const samples = createSampleStore(store)
    await samples.addSample(sample, null)
    await store.run(`UPDATE profile_sample SET origin = 'guessed'`)
    await expect(samples.samples({})).rejects.toMatchObject({
      code: 'store.corrupt',
      message: expect.stringContaining('origin')
    })
  })

  it('does not fail the page that it is on: the others are listed, and it with what is wrong', async () => {
    const samples = createSampleStore(store)
    await samples.addSample(sample, null)
    await samples.addSample({ ...sample, id: 's2' }, null)
    await samples.addSample({ ...sample, id: 's3' }, null)
    await store.run(`UPDATE profile_sample SET unit = 'furlongs' WHERE id = 's2'`)
    expect(await samples.samplePage({}, { limit: 10, offset: 0 })).toEqual({
      samples: [sample, { ...sample, id: 's3' }],
      unreadable: [{ id: 's2', problem: expect.stringMatching(/^unit: /) }]
    })
    expect(await samples.count({})).toBe(3)
  })

  it('gives its provenance to a CSV in a fixed order, unknown values empty', () => {
    const columns = provenanceColumns([sample, { ...sample, checksum: null }])
    expect(Object.entries(columns).map(([name, [first]]) => `${name}=${first}`)).toEqual([
      ...['SampleId=s1', 'Board=Board, "one"', 'Core=core', 'Isa=rv32imac', 'BuildId=7', 'ClockHz=50000000'],
      ...['Method=bench cycles counter', 'Origin=simulated', 'Repetitions=3', 'Seed=4294967295'],
      ...['Instructions=51', 'Cycles=102', 'Checksum=3735928559', 'CampaignId=c1'],
      'MeasuredAt=2026-09-21T14:13:20.123Z'
    ])
    expect(columns['Checksum']).toEqual(['3735928559', ''])
  })
})
