import { afterEach, describe, expect, it } from 'vitest'
import { readProfileCsv } from '@core/proxy/csv/readCsv'
import { decide } from '@core/proxy/adaptive/adaptive'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { createRunLabels, runMigrations } from '@main/runs/runLabels'
import { createProfileService, profileMigrations, type ProfileService } from '@main/profile/profileService'
import { profileContract } from '@shared/contract/profile'
import type { AdaptiveRun } from '@shared/contract/profile/profileAdaptive'
import { type BoardBench, createBoardBench } from '../support/boardBench'

const context = { signal: new AbortController().signal }
const request = {
  boardId: 'virtual:small',
  kernel: 'matmul',
  shapes: [
    { kernel: 'matmul', dims: [1, 10, 32] },
    { kernel: 'matmul', dims: [1, 24, 16] }
  ],
  poolShapes: 12,
  judgeShapes: 3,
  pairs: [
    { activationBits: 8, weightBits: 8 },
    { activationBits: 2, weightBits: 4 }
  ],
  firstRows: 12,
  batchRows: 8,
  targetMape: 0,
  // Never spent: how fast a simulated board measures must not decide what a test sees.
  budgetSeconds: 10_000
}
let bench: BoardBench
let events: { event: string; payload: unknown }[]
let ids = 0

const makeService = (onChecksum: () => void = () => undefined): ProfileService =>
  createProfileService({
    boards: bench.boards,
    openMeter: () => Promise.reject(new Error('There is no meter here.')),
    store: bench.store,
    jobs: bench.jobs,
    labels: createRunLabels(bench.store),
    emit: (event, payload) => events.push({ event, payload: profileContract.events[event].parse(payload) }),
    nowMs: () => Date.now(),
    newId: () => `id${++ids}`,
    checksum: async (item, seed) => {
      onChecksum()
      return expectedChecksum(item, seed)
    },
    decide: async (plan, state) => decide(structuredClone(plan), structuredClone(state)),
    readCsv: async (text, options) => readProfileCsv(text, options),
    layerShapes: async () => []
  })
const begin = async (): Promise<void> => {
  events = []
  bench = await createBoardBench({}, [profileMigrations, runMigrations])
}
const start = (profile: ProfileService, change: object = {}): Promise<{ jobId: string; runId: string }> =>
  profile.handlers['profile.adaptive'](
    profileContract.commands['profile.adaptive'].in.parse({ ...request, ...change }),
    context
  )
const runOf = async (profile: ProfileService, id: string): Promise<AdaptiveRun> =>
  (await profile.handlers['profile.adaptiveRuns']({}, context)).runs.find((run) => run.id === id)!
const samplesOf = async (profile: ProfileService, campaignId: string) =>
  (await profile.handlers['profile.samples']({ campaignId, limit: 1000, offset: 0 }, context)).samples

afterEach(() => bench.close())

describe('adaptive profiling on the virtual board', () => {
  it('measures the pool in batches, then by chance for the same seconds, every Sample verified', async () => {
    await begin()
    const profile = makeService()
    const { jobId, runId } = await start(profile)
    await bench.jobs.idle()
    const run = await runOf(profile, runId)
    expect(run).toMatchObject({ state: 'done', error: null, judgeRows: 6, poolRows: 28 })
    expect(run.stopped).toBe('exhausted')
    for (const part of [run.adaptive, run.uniform]) {
      expect(part.length).toBeGreaterThan(1)
      expect(part.at(-1)!.judgeMape).toBeGreaterThan(0)
      part.slice(1).forEach((step, at) => expect(step.boardSeconds).toBeGreaterThan(part[at]!.boardSeconds))
    }
    const samples = await samplesOf(profile, runId)
    const keys = samples.map((one) => `${one.dims} ${one.activationBits} ${one.weightBits}`)
    expect(new Set(keys).size).toBe(keys.length)
    expect(samples.length).toBe(6 + 28)
    expect(run.adaptive.map(({ rows }) => rows)).toEqual([12, 20, 28])
    expect(samples.every((one) => one.verified && one.kernel === 'matmul')).toBe(true)
    expect(bench.jobs.list().find((job) => job.id === jobId)).toMatchObject({ state: 'done', unit: 'ms' })
    const told = events.filter(({ event }) => event === 'profile.measured')
    expect(told.flatMap(({ payload }) => (payload as { samples: [] }).samples)).toHaveLength(samples.length)
  })

  it('goes on after a cancel with the curve it had, measuring nothing twice', async () => {
    await begin()
    let measured = 0
    const stopping = makeService(() => {
      if (++measured === 22) bench.jobs.cancel(bench.jobs.list().at(-1)!.id)
    })
    const { runId } = await start(stopping, { compareUniform: false })
    await bench.jobs.idle()
    const before = await runOf(stopping, runId)
    expect(before).toMatchObject({ state: 'cancelled', error: null })
    expect(before.adaptive.length).toBeGreaterThan(0)
    const kept = (await samplesOf(stopping, runId)).map(({ id }) => id)

    // The process dies while it runs: the file says running, nobody runs it.
    await bench.store.run('UPDATE profile_adaptive SET run = replace(run, \'"cancelled"\', \'"running"\')')
    let again = 0
    const profile = makeService(() => void again++)
    expect(await runOf(profile, runId)).toMatchObject({ state: 'interrupted', jobId: null })
    await profile.handlers['profile.adaptiveResume']({ runId }, context)
    await bench.jobs.idle()
    const after = await runOf(profile, runId)
    expect(after.state).toBe('done')
    expect(after.adaptive.slice(0, before.adaptive.length)).toEqual(before.adaptive)
    const all = (await samplesOf(profile, runId)).map(({ id }) => id)
    expect(all).toEqual(expect.arrayContaining(kept))
    expect(all.length).toBe(kept.length + again)
  })

  it('stops at a target that is reached, takes known Samples over, and says what is impossible', async () => {
    await begin()
    const profile = makeService()
    const first = await start(profile, { targetMape: 1000, compareUniform: false })
    await bench.jobs.idle()
    expect((await runOf(profile, first.runId)).stopped).toBe('target')
    const second = await start(profile, { targetMape: 1000, compareUniform: false })
    await bench.jobs.idle()
    expect((await runOf(profile, second.runId)).knownRows).toBe(
      (await samplesOf(profile, first.runId)).length
    )
    await profile.handlers['profile.adaptiveForget']({ runId: first.runId }, context)
    expect((await profile.handlers['profile.adaptiveRuns']({}, context)).runs).toHaveLength(1)
    await expect(start(profile, { longestMs: 0.001 })).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(
      profile.handlers['profile.adaptiveResume']({ runId: 'none' }, context)
    ).rejects.toMatchObject({ code: 'input.notFound' })
  })
})
