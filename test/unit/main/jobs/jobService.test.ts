import { describe, expect, it } from 'vitest'
import type { Job } from '@shared/contract/job'
import { AppError } from '@shared/errors'
import { createJobService } from '@main/jobs/jobService'

function setUp() {
  const events: Job[] = []
  let nowMs = 1_000
  let count = 0
  const jobs = createJobService({
    emit: (_event, payload) => events.push(payload as Job),
    nowMs: () => nowMs,
    newId: () => `job-${++count}`
  })
  return { jobs, events, advance: (ms: number) => (nowMs += ms) }
}

describe('jobs', () => {
  it('report progress with rate and time left', async () => {
    const { jobs, events, advance } = setUp()
    const { result } = jobs.start({
      kind: 'test.run',
      title: 'Test',
      unit: 'items',
      total: 100,
      async run({ progress }) {
        progress(0)
        advance(1_000)
        progress(20, 100, 'twentieth')
        return 'finished'
      }
    })
    await expect(result).resolves.toBe('finished')
    const running = events.find((job) => job.done === 20 && job.state === 'running')
    expect(running).toMatchObject({ ratePerSecond: 20, remainingMs: 4_000, note: 'twentieth' })
    expect(events.at(-1)).toMatchObject({ state: 'done', remainingMs: null })
  })

  it('end as cancelled, not failed, when they are cancelled', async () => {
    const { jobs, events } = setUp()
    const { jobId, result } = jobs.start({
      kind: 'test.run',
      title: 'Endless',
      unit: 'items',
      run: ({ signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('torn down')))
        )
    })
    await Promise.resolve()
    jobs.cancel(jobId)
    await expect(result).rejects.toMatchObject({ code: 'job.cancelled' })
    expect(events.at(-1)).toMatchObject({ state: 'cancelled', error: { code: 'job.cancelled' } })
  })

  it('do not begin when they are cancelled at once', async () => {
    const { jobs } = setUp()
    let hasBegun = false
    const { jobId, result } = jobs.start({
      kind: 'a.b',
      title: 'T',
      unit: 'x',
      run: async () => {
        hasBegun = true
      }
    })
    jobs.cancel(jobId)
    await expect(result).rejects.toMatchObject({ code: 'job.cancelled' })
    expect(hasBegun).toBe(false)
  })

  it('carry their failure with a hint', async () => {
    const { jobs } = setUp()
    const failure = new AppError('board.timeout', 'No answer.', 'Check the cable.')
    const { result } = jobs.start({ kind: 'a.b', title: 'T', unit: 'x', run: () => Promise.reject(failure) })
    await expect(result).rejects.toBe(failure)
    expect(jobs.list()[0]).toMatchObject({
      state: 'failed',
      error: { code: 'board.timeout', hint: 'Check the cable.' }
    })
  })

  it('resume only where the work can go on', async () => {
    const { jobs } = setUp()
    const fixed = jobs.start({ kind: 'a.b', title: 'Fixed', unit: 'x', run: async () => 1 })
    await fixed.result
    await expect(
      jobs.handlers['job.resume']({ id: fixed.jobId }, { signal: new AbortController().signal })
    ).rejects.toMatchObject({ code: 'job.notResumable' })
    const again = (): ReturnType<typeof jobs.start<number>> =>
      jobs.start({
        kind: 'a.b',
        title: 'Again',
        unit: 'x',
        resume: async () => again(),
        run: () => Promise.reject(new Error('once'))
      })
    const first = again()
    await expect(first.result).rejects.toThrow('once')
    // The second run fails likewise; only that it started is of interest.
    jobs.idle().catch(() => undefined)
    const { job } = await jobs.handlers['job.resume'](
      { id: first.jobId },
      { signal: new AbortController().signal }
    )
    expect(job.id).not.toBe(first.jobId)
  })

  it('refuse an unknown id with a hint', () => {
    const { jobs } = setUp()
    expect(() => jobs.cancel('job-99')).toThrow(expect.objectContaining({ code: 'job.notFound' }))
  })

  it('that start while everything stops are cancelled before they begin', async () => {
    const { jobs } = setUp()
    expect(await jobs.stop()).toEqual([])
    let began = false
    const late = jobs.start({
      kind: 'test.run',
      title: 'Late',
      unit: 'items',
      run: async () => void (began = true)
    })
    await expect(late.result).rejects.toMatchObject({ code: 'job.cancelled' })
    expect(began).toBe(false)
  })

  it('that do not let go are named and waited for no longer', async () => {
    const { jobs } = setUp()
    jobs.launch({ kind: 'test.run', title: 'Deaf', unit: 'items', run: () => new Promise(() => undefined) })
    jobs.launch({
      kind: 'test.run',
      title: 'Willing',
      unit: 'items',
      run: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('end'))))
    })
    // What has not begun is simply cancelled.
    await new Promise(setImmediate)
    expect(await jobs.stop(20)).toEqual(['Deaf'])
  })
})
