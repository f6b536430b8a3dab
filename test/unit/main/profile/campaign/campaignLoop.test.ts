import { describe, expect, it } from 'vitest'
import { itemKey, type BenchItem } from '@core/kernel/shape'
import { runCampaign, type CampaignRun, type RunnerOptions } from '@main/profile/campaign/campaignLoop'
import type { Sample } from '@shared/contract/profile'
import { AppError } from '@shared/errors'

const item = (size: number): BenchItem => ({
  kernel: 'matmul',
  dims: [size, 2, 3],
  activationBits: 8,
  weightBits: 8
})
const items = [item(1), item(2), item(3)]

/** A campaign of three products; `fails` says what a measurement of one throws. */
function campaign(
  fails: (size: number, attempt: number) => AppError | null = () => null,
  more: Partial<CampaignRun> = {},
  finished: readonly BenchItem[] = []
) {
  const measured: number[] = []
  const stored: [Sample, number | null][] = []
  const refused: [string, string][] = []
  const progress: [number, number, string][] = []
  const passed: Sample[] = []
  const waits: [string, number][] = []
  const aborter = new AbortController()
  let ids = 0
  let attempt = 0
  const board = {
    ...{ id: 'b', kind: 'virtual', name: 'Board', unit: 'cycles', origin: 'simulated' },
    info: {
      ...{ isa: 'rv32imac', coreName: 'core', buildId: 7, clockHz: null },
      counters: { cycles: true, instructions: true }
    }
  }
  const session = {
    bench: ({ dims, repetitions }: { dims: number[]; repetitions: number }) => {
      const error = fails(dims[0]!, ++attempt)
      if (error !== null) return Promise.reject(error)
      measured.push(dims[0]!)
      return Promise.resolve({ repetitions, checksum: 5, cycles: [100 * dims[0]!], instructions: [50] })
    }
  }
  const options = {
    boards: {
      withLease: (_id: string, _owner: string, work: (one: unknown, two: unknown) => Promise<unknown>) =>
        work(session, board),
      waitUntilConnected: (id: string, timeoutMs: number) => Promise.resolve(void waits.push([id, timeoutMs]))
    },
    store: {
      finishedKeys: () => Promise.resolve(new Set(finished.map(itemKey))),
      addSample: (sample: Sample, tookMs: number) => Promise.resolve(void stored.push([sample, tookMs])),
      addRefusal: (_id: string, one: BenchItem, why: string) =>
        Promise.resolve(void refused.push([itemKey(one), why]))
    },
    ...{ openMeter: () => Promise.reject(new Error('no meter')), newId: () => `s${++ids}`, nowMs: () => 0 },
    ...{ checksum: () => Promise.resolve(5), onSample: (sample: Sample) => void passed.push(sample) }
  } as unknown as RunnerOptions
  const run: CampaignRun = {
    ...{
      campaignId: 'c',
      boardId: 'b',
      buildId: 7,
      boardName: 'Board',
      coreName: 'core',
      items,
      repetitions: 2,
      seed: 1
    },
    ...{ speed: { stepsPerMs: 1000, overheadMs: 1 }, energy: null, ...more }
  }
  const context = {
    signal: aborter.signal,
    progress: (...args: [number, number, string]) => void progress.push(args)
  }
  const done = () => runCampaign(run, options, context as never)
  return { done, measured, stored, refused, progress, passed, waits, aborter }
}
const disconnected = new AppError('board.disconnected', 'gone', 'wait')

describe('a campaign', () => {
  it('measures what is left, one after the other, each stored before it is passed on', async () => {
    const { done, measured, stored, progress, passed } = campaign(undefined, {}, [item(2)])
    await done()
    expect(measured).toEqual([1, 3])
    expect(stored.map(([sample]) => [sample.id, sample.time, sample.campaignId])).toEqual([
      ['s1', 100, 'c'],
      ['s2', 300, 'c']
    ])
    expect(passed).toEqual(stored.map(([sample]) => sample))
    expect(progress.map(([done, total]) => [done, total])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3]
    ])
    expect(progress[0]![2]).toMatch(/^matmul 1x2x3 w8a8, about /)
    expect(progress.at(-1)![2]).toBe('')
  })

  it('with nothing left measures nothing', async () => {
    const { done, progress, measured } = campaign(undefined, {}, items)
    await done()
    expect([measured, progress]).toEqual([[], [[3, 3, '']]])
  })

  it.each(['board.outOfMemory', 'board.unsupportedKernel', 'board.refused'] as const)(
    'notes an item that the board refuses by %s and goes on',
    async (code) => {
      const { done, refused, measured, progress } = campaign((size) =>
        size === 2 ? new AppError(code, 'cannot', 'no') : null
      )
      await done()
      expect([measured, refused]).toEqual([[1, 3], [[itemKey(item(2)), 'cannot']]])
      expect(progress.at(-1)).toEqual([3, 3, ''])
    }
  )

  it('ends with any other error, with what is done', async () => {
    const { done, measured, refused } = campaign((size) =>
      size === 2 ? new AppError('board.crcMismatch', 'x', 'y') : null
    )
    await expect(done()).rejects.toMatchObject({ code: 'board.crcMismatch' })
    expect([measured, refused]).toEqual([[1], []])
  })

  it('waits two minutes for a board that was unplugged, and measures nothing twice', async () => {
    const { done, measured, waits, progress } = campaign((_, attempt) =>
      attempt === 2 ? disconnected : null
    )
    await done()
    expect([measured, waits]).toEqual([[1, 2, 3], [['b', 120_000]]])
    expect(progress).toContainEqual([1, 3, 'waiting for the board to come back'])
  })

  it('gives up when the line breaks again and again without a Sample', async () => {
    const { done, waits } = campaign(() => disconnected)
    await expect(done()).rejects.toBe(disconnected)
    expect(waits).toHaveLength(3)
  })

  it.each([{ buildId: 8 }, { coreName: 'other' }, { buildId: null }])(
    'is refused on another board than it was begun on: %j',
    async (more) => {
      const { done, measured } = campaign(undefined, more)
      await expect(done()).rejects.toMatchObject({ code: 'board.wrongBoard' })
      expect(measured).toEqual([])
    }
  )

  it('ends between two items when it is cancelled', async () => {
    const { done, measured, aborter } = campaign((size) => {
      if (size === 2) aborter.abort()
      return null
    })
    await expect(done()).rejects.toMatchObject({ code: 'job.cancelled' })
    expect(measured).toEqual([1, 2])
  })
})
