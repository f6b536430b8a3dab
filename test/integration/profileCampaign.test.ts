import { afterEach, describe, expect, it } from 'vitest'
import { readProfileCsv } from '@core/proxy/csv/readCsv'
import { decide } from '@core/proxy/adaptive/adaptive'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { createRunLabels, runMigrations } from '@main/runs/runLabels'
import { createProfileService, profileMigrations, type ProfileService } from '@main/profile/profileService'
import { type Campaign, profileContract } from '@shared/contract/profile'
import { AppError } from '@shared/errors'
import { type BoardBench, createBoardBench } from '../support/boardBench'

const context = { signal: new AbortController().signal }
let bench: BoardBench
let profile: ProfileService
let events: { event: string; payload: unknown }[]
let ids = 0

const makeService = (change: Partial<Parameters<typeof createProfileService>[0]> = {}): ProfileService =>
  createProfileService({
    boards: bench.boards,
    openMeter: () => Promise.reject(new Error('There is no meter here.')),
    store: bench.store,
    jobs: bench.jobs,
    labels: createRunLabels(bench.store),
    emit: (event, payload) => events.push({ event, payload: profileContract.events[event].parse(payload) }),
    nowMs: () => Date.now(),
    newId: () => `id${++ids}`,
    checksum: async (item, seed) => expectedChecksum(item, seed),
    decide: async (plan, state) => decide(plan, state),
    readCsv: async (text, options) => readProfileCsv(text, options),
    layerShapes: async () => [{ kernel: 'matmul', dims: [1, 10, 84] }],
    ...change
  })
const call = <K extends keyof ProfileService['handlers']>(
  name: K,
  input: unknown
): ReturnType<ProfileService['handlers'][K]> =>
  profile.handlers[name](profileContract.commands[name].in.parse(input) as never, context) as never
const campaign = async (id: string): Promise<Campaign> =>
  (await call('profile.campaigns', {})).campaigns.find((one) => one.id === id)!

const begin = async (): Promise<void> => {
  events = []
  bench = await createBoardBench({}, [profileMigrations, runMigrations])
  profile = makeService()
  await bench.boards.connect('virtual:small')
}
afterEach(() => bench.close())

const shapes = [
  { kernel: 'matmul', dims: [2, 8, 32] },
  { kernel: 'conv2d', dims: [6, 6, 2, 3, 3, 1, 1] }
]

describe('profile campaign on the virtual board', () => {
  it('measures every kernel and pair, verified against the host, with full provenance', async () => {
    await begin()
    const everything = [
      ...shapes,
      { kernel: 'depthwiseConv2d', dims: [6, 6, 4, 3, 2, 1] },
      { kernel: 'maxPool', dims: [6, 6, 4, 2, 2] },
      { kernel: 'avgPool', dims: [6, 6, 4, 3, 3] },
      { kernel: 'add', dims: [70] },
      { kernel: 'requantize', dims: [9, 4] },
      { kernel: 'flatten', dims: [33] },
      { kernel: 'argmax', dims: [10] },
      { kernel: 'product', dims: [5, 9, 12] },
      { kernel: 'softmax', dims: [5, 12] },
      { kernel: 'layerNorm', dims: [3, 20] },
      { kernel: 'rmsNorm', dims: [3, 20] },
      { kernel: 'table', dims: [37] },
      { kernel: 'gather', dims: [37] },
      { kernel: 'rope', dims: [2, 4] },
      { kernel: 'rnn', dims: [5, 7] },
      { kernel: 'lstm', dims: [4, 6] },
      { kernel: 'gru', dims: [6, 5] },
      { kernel: 'gruAfter', dims: [6, 5] }
    ]
    const request = { boardId: 'virtual:small', shapes: everything, spaceFilling: 0 }
    const { plan } = await call('profile.plan', request)
    profileContract.commands['profile.plan'].out.parse({ plan })
    expect(plan).toMatchObject({ estimateFrom: 'analytic', alreadyMeasured: 0 })
    const { campaignId } = await call('profile.run', request)
    await bench.jobs.idle()
    expect(await campaign(campaignId)).toMatchObject({
      state: 'done',
      done: plan.samples,
      total: plan.samples,
      error: null
    })
    const page = await call('profile.samples', { campaignId })
    const { samples, total } = page
    expect(total).toBe(plan.samples)
    profileContract.commands['profile.samples'].out.parse(page)
    expect(page.unreadable).toEqual([])
    expect(new Set(samples.map((sample) => sample.kernel)).size).toBe(everything.length)
    for (const sample of samples) {
      expect(sample).toMatchObject({
        verified: true,
        unit: 'cycles',
        origin: 'simulated',
        boardKind: 'virtual',
        repetitions: 2
      })
      expect(sample.checksum).toBe(expectedChecksum(sample, sample.seed))
      expect(sample.time).toBeGreaterThan(0)
      expect(sample.timeMin).toBeLessThanOrEqual(sample.time)
      expect(sample.cycles).toBeGreaterThan(sample.instructions!)
    }
    const announced = events
      .filter(({ event }) => event === 'profile.measured')
      .flatMap(({ payload }) => (payload as { samples: unknown[] }).samples)
    expect(announced).toHaveLength(total)
  })

  it('never measures the same twice, and counts what is there to the new campaign', async () => {
    await begin()
    const request = {
      boardId: 'virtual:small',
      shapes,
      spaceFilling: 2,
      pairs: [{ activationBits: 8, weightBits: 2 }]
    }
    await call('profile.run', request)
    await bench.jobs.idle()
    const first = (await call('profile.samples', {})).total
    const { plan } = await call('profile.plan', request)
    expect(plan).toMatchObject({ samples: 0, alreadyMeasured: first })
    const again = await call('profile.run', { ...request, modelId: 'lenet' })
    await bench.jobs.idle()
    const all = await call('profile.samples', {})
    const own = await call('profile.samples', { campaignId: again.campaignId })
    expect(all.total).toBeGreaterThan(first)
    expect(new Set(all.samples.map((sample) => `${sample.kernel}${sample.dims}`)).size).toBe(all.total)
    expect(own.samples.some((sample) => sample.dims.join() === '1,10,84')).toBe(true)
    expect(own.total).toBeGreaterThan(all.total - first)
  })

  it('goes on after a cancel and after a crash without losing or repeating a Sample', async () => {
    await begin()
    let measured = 0
    let stop = 5
    profile = makeService({
      checksum: async (item, seed) => {
        if (++measured === stop) bench.jobs.cancel(bench.jobs.list().at(-1)!.id)
        return expectedChecksum(item, seed)
      }
    })
    const { campaignId } = await call('profile.run', { boardId: 'virtual:small', shapes, spaceFilling: 0 })
    await bench.jobs.idle()
    expect(await campaign(campaignId)).toMatchObject({ state: 'cancelled', total: 32 })
    const kept = (await call('profile.samples', { campaignId })).samples.map((sample) => sample.id)
    expect(kept.length).toBeGreaterThanOrEqual(4)
    expect(kept.length).toBeLessThan(32)

    // The process dies: the file says running, nobody runs it.
    await bench.store.run("UPDATE profile_campaign SET state = 'running'")
    stop = -1
    profile = makeService()
    expect(await campaign(campaignId)).toMatchObject({ state: 'interrupted', jobId: null })
    await call('profile.resume', { campaignId })
    await bench.jobs.idle()
    const { samples, total } = await call('profile.samples', { campaignId })
    expect(await campaign(campaignId)).toMatchObject({ state: 'done', done: 32 })
    expect(total).toBe(32)
    expect(
      new Set(samples.map((sample) => `${sample.kernel}${sample.activationBits}${sample.weightBits}`)).size
    ).toBe(32)
    expect(samples.map((sample) => sample.id)).toEqual(expect.arrayContaining(kept))
  })

  it('waits for an unplugged board and measures the broken item again', async () => {
    await begin()
    let breakAt = 6
    const real = bench.boards
    profile = makeService({
      boards: {
        connect: (id) => real.connect(id),
        identified: (id) => real.identified(id),
        waitUntilConnected: (id, ms, signal) => real.waitUntilConnected(id, ms, signal),
        withLease: (id, owner, work) =>
          real.withLease(id, owner, (session, board) =>
            work(
              {
                bench: async (request, options) => {
                  if (--breakAt === 0) throw new AppError('board.disconnected', 'pulled', 'plug it in')
                  return await session.bench(request, options)
                }
              },
              board
            )
          )
      }
    })
    const { campaignId } = await call('profile.run', { boardId: 'virtual:small', shapes, spaceFilling: 0 })
    await bench.jobs.idle()
    expect(await campaign(campaignId)).toMatchObject({ state: 'done', done: 32 })
    expect((await call('profile.samples', { campaignId })).total).toBe(32)
    expect(breakAt).toBeLessThan(0)
  })

  it('says how many items a board refused, and why', async () => {
    await begin()
    const real = bench.boards
    profile = makeService({
      boards: {
        ...real,
        withLease: (id, owner, work) =>
          real.withLease(id, owner, (session, board) =>
            work(
              {
                bench: async (request, options) => {
                  if (request.weightBits === 1)
                    throw new AppError('board.refused', 'This kernel is too short to be timed.', 'Larger.')
                  return await session.bench(request, options)
                }
              },
              board
            )
          )
      }
    })
    const { campaignId } = await call('profile.run', { boardId: 'virtual:small', shapes, spaceFilling: 0 })
    await bench.jobs.idle()
    expect(await campaign(campaignId)).toMatchObject({
      state: 'done',
      done: 32,
      error: '8 of 32 items refused: This kernel is too short to be timed.'
    })
    expect((await call('profile.samples', { campaignId })).total).toBe(24)
  })

  it('stops with a named error when the board computes something else', async () => {
    await begin()
    profile = makeService({ checksum: async (item, seed) => expectedChecksum(item, seed) ^ 1 })
    const { campaignId } = await call('profile.run', { boardId: 'virtual:small', shapes, spaceFilling: 0 })
    await bench.jobs.idle()
    expect(await campaign(campaignId)).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('checksum')
    })
    expect((await call('profile.samples', { campaignId })).total).toBe(0)
  })

  it('refuses to go on with a campaign of another board', async () => {
    await begin()
    const { campaignId } = await call('profile.run', {
      boardId: 'virtual:small',
      shapes,
      spaceFilling: 0,
      pairs: [{ activationBits: 1, weightBits: 1 }]
    })
    await bench.jobs.idle()
    await bench.store.run("UPDATE profile_campaign SET build_id = 1, state = 'failed'")
    await bench.store.run('DELETE FROM profile_sample')
    await call('profile.resume', { campaignId })
    await bench.jobs.idle()
    expect(await campaign(campaignId)).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('firmware 1')
    })
  })

  it('writes the profile CSV and reads it back to the same numbers', async () => {
    await begin()
    await call('profile.run', { boardId: 'virtual:small', shapes, spaceFilling: 3 })
    await bench.jobs.idle()
    const { text, rows } = await call('profile.export', { kernel: 'conv2d' })
    expect(text!.split('\n')[0]).toMatch(/^H,W,C,K,KS,S,QA,QW,Time/)
    const imported = await call('profile.import', {
      file: { name: 'mine.csv', text },
      kernel: 'conv2d',
      boardName: 'copy'
    })
    expect(imported.rows).toBe(rows)
    const copy = await call('profile.export', { kernel: 'conv2d', campaignId: imported.campaignId })
    const figures = (csv: string): string[] =>
      csv
        .split('\n')
        .slice(1)
        .map((line) => line.split(',').slice(0, 9).join())
        .sort()
    expect(figures(copy.text!)).toEqual(figures(text!))
    const { campaigns } = await call('profile.campaigns', {})
    expect(campaigns.find(({ id }) => id === imported.campaignId)).toMatchObject({
      ...{ boardName: 'copy', state: 'done', done: rows, total: rows, importedFrom: 'mine.csv', error: null }
    })
    await expect(call('profile.export', {})).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('mix kernels')
    })
    await expect(
      call('profile.import', {
        file: { name: 'bad.csv', text: 'N,M,K,QA,QW,Time\n1,2,x,8,8,5\n' },
        kernel: 'matmul',
        boardName: 'copy'
      })
    ).rejects.toMatchObject({ code: 'data.invalid', message: expect.stringContaining('line 2') })
    const { groups } = await call('profile.summary', {})
    profileContract.commands['profile.summary'].out.parse({ groups })
    expect(groups.map((group) => group.boardName)).toEqual(expect.arrayContaining(['copy']))
  })
})
