import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { writeValue } from '@core/worker/valueJson'
import { createPendingJobs, readOutcome, type JobOutcome } from '@main/worker/queue/pendingJobs'
import { base64, keys } from '@main/worker/queue/queueJob'
import { AppError } from '@shared/errors'

beforeEach(() => void vi.useFakeTimers({ now: 100_000 }))
afterEach(() => void vi.useRealTimers())

const envelope = (output: unknown): string => writeValue({ ok: true, output }, base64)

/** A server with a result, or a job in some state, and what is done to it. */
function rig(job: { text?: string | null; late?: string; state?: string; reason?: string } = {}) {
  const reads: string[] = []
  const removed: string[] = []
  const outcomes: JobOutcome[] = []
  let listener: (state: 'up' | 'down' | 'refused') => void = () => undefined
  const server = {
    client: {
      get: (key: string) => {
        reads.push(key)
        if (job.text === undefined && reads.length === 1 && job.state === undefined) throw new Error('down')
        return Promise.resolve(reads.length > 1 ? (job.late ?? job.text ?? null) : (job.text ?? null))
      }
    },
    problem: null as AppError | null,
    onState: (one: typeof listener) => {
      listener = one
      return () => (listener = () => undefined)
    }
  }
  const queue = {
    getJobState: () => Promise.resolve(job.state),
    getJob: () => Promise.resolve(job.reason === undefined ? undefined : { failedReason: job.reason }),
    remove: (id: string) => Promise.resolve(void removed.push(id))
  }
  const jobs = createPendingJobs(server as never, () => Date.now())
  const own = jobs.add({
    ...{ id: 'j', task: 'model.judge', queue: queue as never },
    settle: (outcome) => void outcomes.push(outcome)
  })
  return {
    jobs,
    own,
    reads,
    removed,
    outcomes,
    server,
    become: (state: 'up' | 'down' | 'refused') => listener(state)
  }
}

describe('a job that waits for its result', () => {
  it('is settled by the result', async () => {
    const { jobs, outcomes, reads } = rig({ text: envelope({ sum: 3 }) })
    await jobs.look('j')
    await jobs.look('unknown')
    expect(outcomes).toEqual([{ ok: true, output: { sum: 3 } }])
    expect(reads).toEqual([keys.result('j')])
  })

  it.each(['waiting', 'active', 'delayed', 'prioritized'])(
    'goes on waiting while it is %s',
    async (state) => {
      const { jobs, outcomes, removed } = rig({ text: null, state })
      await jobs.look('j')
      expect([outcomes, removed]).toEqual([[], []])
    }
  )

  it('is settled by a result that came while its state was read', async () => {
    const { jobs, outcomes, removed } = rig({ text: null, state: 'completed', late: envelope(4) })
    await jobs.look('j')
    expect([outcomes, removed]).toEqual([[{ ok: true, output: 4 }], []])
  })

  it.each([
    ['completed', ['j']],
    ['failed', ['j']],
    ['unknown', []]
  ])('is brought again where it is %s without a result', async (state, gone) => {
    const { jobs, outcomes, removed } = rig({ text: null, state, reason: 'cancelled' })
    await jobs.look('j')
    expect([outcomes, removed]).toEqual([['again'], gone])
  })

  it('fails where workers ended several times over it', async () => {
    const { jobs, outcomes, removed } = rig({
      text: null,
      state: 'failed',
      reason: 'job stalled more than allowable limit'
    })
    await jobs.look('j')
    expect(outcomes).toMatchObject([{ ok: false, error: { code: 'job.crashed' } }])
    expect((outcomes[0] as { error: AppError }).error.message).toContain('model.judge')
    expect(removed).toEqual(['j'])
  })

  it('is looked at every 3 s, also after the server was down', async () => {
    const { jobs, reads, own } = rig({ text: null, state: 'active' })
    await vi.advanceTimersByTimeAsync(2_999)
    expect(reads).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(reads).toHaveLength(1)
    expect(own.lookedAtMs).toBe(103_000)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(reads).toHaveLength(2)
    jobs.close()
    await vi.advanceTimersByTimeAsync(9_000)
    expect(reads).toHaveLength(2)
    const down = rig()
    await down.jobs.look('j')
    expect([down.outcomes, down.own.looking]).toEqual([[], false])
  })

  it('is looked at when the server comes back, and fails when it refuses', async () => {
    const { become, reads, outcomes, server } = rig({ text: null, state: 'active' })
    become('down')
    expect(reads).toHaveLength(0)
    become('up')
    await vi.advanceTimersByTimeAsync(0)
    expect(reads).toHaveLength(1)
    become('refused')
    expect(outcomes).toEqual([])
    server.problem = new AppError('queue.denied', 'no', 'ask')
    become('refused')
    expect(outcomes).toEqual([{ ok: false, error: server.problem }])
  })

  it('is not looked at any more once it is removed; one that was requested again has its own entry', async () => {
    const { jobs, own, reads } = rig({ text: null, state: 'active' })
    const again = jobs.add({ ...own, settle: () => undefined })
    jobs.remove(own)
    await jobs.look('j')
    expect(reads).toHaveLength(1)
    jobs.remove(again)
    await jobs.look('j')
    expect(reads).toHaveLength(1)
  })
})

it('a stored failure is an error with its code, and a damaged one too', () => {
  const error = { code: 'model.invalid', message: 'm', hint: 'h' }
  expect(readOutcome(writeValue({ ok: false, error }, base64))).toMatchObject({
    ok: false,
    error: { code: 'model.invalid' }
  })
  expect(readOutcome('{')).toMatchObject({ ok: false })
})
