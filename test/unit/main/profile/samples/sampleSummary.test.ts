import { afterEach, beforeEach, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { createProfileStore, profileMigrations, type ProfileStore } from '@main/profile/profileStore'
import { openStore, type Store } from '@main/store/store'
import type { Sample } from '@shared/contract/profile'

let sql: Store
let store: ProfileStore
beforeEach(async () => {
  sql = await openStore({ file: ':memory:', migrations: [profileMigrations] })
  store = createProfileStore(sql)
})
afterEach(() => sql.close())

const random = createRandom(20_269)
const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)]!
let made = 0

/** One of few boards, firmwares, kernels, shapes and pairs, so that groups meet again. */
function sample(campaignId: string): Sample {
  const board = pick(['a', 'b'])
  made += 1
  return {
    id: `s${made}`,
    campaignId,
    kernel: pick(['matmul', 'conv2d'] as const),
    dims: [1 + random.integer(3), 8, 1 + random.integer(3)],
    activationBits: pick([2, 8]),
    weightBits: pick([4, 8]),
    time: 1000,
    timeMin: 1000,
    timeMax: 1000,
    unit: pick(['cycles', 'instructions'] as const),
    cycles: null,
    instructions: null,
    macs: 1,
    repetitions: 2,
    seed: 1,
    checksum: null,
    verified: true,
    origin: pick(['measured', 'simulated'] as const),
    method: 'test',
    boardId: board,
    boardKind: 'virtual',
    boardName: `${board}, renamed ${made} times`,
    isa: 'rv32imc',
    coreName: 'core',
    buildId: pick([null, 7]),
    clockHz: null,
    // Not in the order of storing: an import may bring older ones.
    measuredAtMs: 1_790_000_000_000 + ((made * 7919) % 10_007)
  }
}

/** The counts of a list of Samples, by plain sets. */
function summaryOf(samples: readonly Sample[]): object[] {
  const keyOf = (one: Sample): string =>
    [one.boardId, one.buildId, one.kernel, one.unit, one.origin].join('|')
  return [...new Set(samples.map(keyOf))].map((key) => {
    const own = samples.filter((one) => keyOf(one) === key)
    const newest = own.reduce((best, one) => (one.measuredAtMs > best.measuredAtMs ? one : best))
    const { boardId, boardName, buildId, kernel, unit, origin } = newest
    return {
      ...{ boardId, boardName, buildId, kernel, unit, origin, samples: own.length },
      shapes: new Set(own.map(({ dims }) => dims.join('x'))).size,
      pairs: new Set(own.map((one) => `${one.activationBits}/${one.weightBits}`)).size,
      newestAtMs: newest.measuredAtMs
    }
  })
}

const sorted = (groups: readonly object[]): string[] =>
  groups.map((group) => JSON.stringify(Object.entries(group).sort())).sort()

it('counts what a full count gives, after every addition and deletion', async () => {
  let all: Sample[] = []
  for (let round = 0; round < 24; round++) {
    const campaign = `c${round}`
    const added = Array.from({ length: random.integer(30) }, () => sample(campaign))
    await store.addSamples([added])
    all.push(...added)
    if (round % 5 === 4) {
      const gone = `c${random.integer(round)}`
      // As many as were deleted come back: their number alone does not show it.
      const count = all.filter(({ campaignId }) => campaignId === gone).length
      await store.forgetCampaign(gone, true)
      all = all.filter(({ campaignId }) => campaignId !== gone)
      const again = Array.from({ length: count }, () => sample(campaign))
      await store.addSamples([again])
      all.push(...again)
    }
    if (round % 3 === 0) await sql.run('CHECKPOINT')
    if (round % 4 === 3) continue
    expect(sorted(await store.summary())).toEqual(sorted(summaryOf(all)))
  }
})

it('is the same for two that ask at once, and empty without Samples', async () => {
  expect(await store.summary()).toEqual([])
  const all = Array.from({ length: 40 }, () => sample('c'))
  await store.addSamples([all])
  const both = await Promise.all([store.summary(), store.summary()])
  for (const groups of both) expect(sorted(groups)).toEqual(sorted(summaryOf(all)))
})

it('counts again when rows are missing that no deletion noted', async () => {
  await store.addSamples([Array.from({ length: 20 }, () => sample('c'))])
  await store.summary()
  await sql.run("DELETE FROM profile_sample WHERE board_id = 'a'")
  expect((await store.summary()).map(({ boardId }) => boardId)).not.toContain('a')
})

it('keeps the campaigns of a file of the former layout', async () => {
  const { noun, steps } = profileMigrations
  const old = await openStore({ file: ':memory:', migrations: [{ noun, steps: steps.slice(0, 2) }] })
  const [own, taken] = [sample('new'), sample('old')]
  const oldStore = createProfileStore(old)
  await oldStore.addSamples([[own, taken]])
  for (const [campaign, id] of [
    ['new', own.id],
    ['new', taken.id],
    ['old', taken.id]
  ])
    await old.run('INSERT INTO profile_campaign_sample VALUES ($1, $2)', [campaign!, id!])
  for (const step of steps.slice(2)) await old.run(step)
  expect((await oldStore.samples({ campaignId: 'new' })).map(({ id }) => id)).toEqual([own.id, taken.id])
  expect((await oldStore.samples({ campaignId: 'old' })).map(({ id }) => id)).toEqual([taken.id])
  expect(await oldStore.adoptedCount('new')).toBe(1)
  expect(await oldStore.adoptedCount('old')).toBe(0)
  await oldStore.forgetCampaign('old', true)
  expect((await oldStore.samples({ campaignId: 'new' })).map(({ id }) => id)).toEqual([own.id])
  expect(await oldStore.adoptedCount('new')).toBe(0)
  await old.close()
})

it('lists what an older version imported as a campaign that is done', async () => {
  const { noun, steps } = profileMigrations
  const old = await openStore({ file: ':memory:', migrations: [{ noun, steps: steps.slice(0, 3) }] })
  const oldStore = createProfileStore(old)
  const imported = { boardId: 'import:lab', boardKind: 'import', boardName: 'lab' }
  const all = [1000, 3000, 2000].map((measuredAtMs) => ({ ...sample('i1'), ...imported, measuredAtMs }))
  await oldStore.addSamples([[...all, sample('measured')]])
  for (const step of steps.slice(3)) await old.run(step)
  const [found, ...more] = await oldStore.campaigns()
  expect(more).toEqual([])
  expect(found!.record).toMatchObject({
    ...{ id: 'i1', boardId: 'import:lab', boardName: 'lab', state: 'done', done: 3, total: 3 },
    ...{ startedAtMs: 1000, finishedAtMs: 3000, importedFrom: 'a file of an older version' }
  })
  expect(found!.record!.request.boardId).toBe('import:lab')
  await old.close()
})
