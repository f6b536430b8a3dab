import { describe, expect, it } from 'vitest'
import { openJobHistory } from '@main/jobs/jobHistory'
import { runJob, type JobSpec } from '@main/jobs/runningJob'
import type { Job } from '@shared/contract/job'

/** A job on a clock that stands still unless the work moves it. */
function run(
  work: (context: Parameters<JobSpec<void>['run']>[0], advance: (ms: number) => void) => void,
  total?: number
) {
  let nowMs = 5_000
  const sent: Job[] = []
  const spec: JobSpec<void> = {
    ...{ kind: 'test.run', title: 'Test', unit: 'items', ...(total === undefined ? {} : { total }) },
    run: async (context) => work(context, (ms) => void (nowMs += ms))
  }
  const job = runJob('j', spec, new AbortController(), {
    nowMs: () => nowMs,
    changed: (one) => void sent.push(one)
  })
  return { sent, settled: job.settled }
}

describe('a running job', () => {
  it('sends its beginning and its end at once, and at most one progress in 100 ms', async () => {
    const { sent, settled } = run(({ progress }, advance) => {
      for (let done = 1; done <= 250; done++) {
        advance(1)
        progress(done, 250)
      }
    })
    await settled
    expect(sent.map(({ state, done }) => [state, done])).toEqual([
      ['running', 0],
      ['running', 100],
      ['running', 200],
      ['done', 250]
    ])
    expect(sent.at(-1)).toMatchObject({ finishedAtMs: 5_250, remainingMs: null })
  })

  it('has a time left with one unit in all, none without a total, and none below 0', async () => {
    const { sent, settled } = run(({ progress }, advance) => {
      progress(0)
      advance(1_000)
      progress(0.25)
      advance(1_000)
      progress(2, 1)
    }, 1)
    await settled
    // A quarter in a second: three more seconds; then more was done than announced.
    expect(sent.filter(({ state }) => state === 'running').map(({ remainingMs }) => remainingMs)).toEqual([
      null,
      3_000,
      0
    ])
    const open = run(({ progress }, advance) => {
      progress(0)
      advance(1_000)
      progress(5)
    })
    await open.settled
    expect(open.sent[1]).toMatchObject({ done: 5, total: 0, ratePerSecond: 5, remainingMs: null })
  })

  it('reports nothing more once it has ended', async () => {
    let late: (done: number) => void = () => undefined
    const { sent, settled } = run(({ progress }) => void (late = progress))
    await settled
    const count = sent.length
    late(3)
    expect(sent).toHaveLength(count)
    expect(sent.at(-1)!.done).toBe(0)
  })
})

describe('a cancelled job', () => {
  const hintOf = async (given: Partial<JobSpec<void>>): Promise<string | undefined> => {
    const controller = new AbortController()
    controller.abort()
    const spec = { kind: 'test.run', title: 'Test', unit: 'items', run: async () => undefined, ...given }
    const job = runJob('j', spec, controller, { nowMs: () => 0, changed: () => undefined })
    await job.settled
    return job.job.error?.hint
  }

  it('says that finished work is kept only where it can go on from there', async () => {
    expect(await hintOf({})).toBe('Start it again.')
    expect(await hintOf({ leftBehind: 'Nothing was kept.' })).toBe('Nothing was kept. Start it again.')
    expect(await hintOf({ resume: async () => ({ jobId: 'k' }) })).toBe(
      'Finished work is kept; start or resume it again.'
    )
  })
})

describe('the history of jobs that has grown full', () => {
  it('drops the oldest that has ended, and never one that runs', async () => {
    const history = await openJobHistory({
      ...{ file: '/nowhere/jobs.json', write: async () => undefined, nowMs: () => 1, log: () => undefined }
    })
    const job = (id: string, finishedAtMs: number | null): Job =>
      ({
        id,
        title: id,
        state: finishedAtMs === null ? 'running' : 'done',
        finishedAtMs,
        note: '',
        error: null
      }) as Job
    history.changed(job('runs', null))
    for (let at = 0; at < 300; at++) history.changed(job(`ended${at}`, 7))
    const ids = history.list().map(({ id }) => id)
    expect(ids[0]).toBe('runs')
    expect(ids.at(-1)).toBe('ended299')
    // What is left are the newest, without a hole.
    const first = 300 - (ids.length - 1)
    expect(first).toBeGreaterThan(0)
    expect(ids.slice(1)).toEqual(Array.from({ length: ids.length - 1 }, (_, at) => `ended${first + at}`))
  })
})
