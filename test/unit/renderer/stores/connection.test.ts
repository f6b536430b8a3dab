import { describe, expect, it } from 'vitest'
import type { Job } from '@shared/contract/job'
import { AppError } from '@shared/errors'
import { createAction } from '@renderer/stores/window/action'
import { useApp } from '@renderer/stores/app'
import { useGpu } from '@renderer/stores/gpu'
import { useJobs } from '@renderer/stores/job'
import { createLiveRing, gapsIn } from '@renderer/stores/traces/liveRing'
import { withClient } from './withClient'

const job: Job = {
  id: 'j1',
  kind: 'search.run',
  title: 'Search',
  state: 'running',
  done: 3,
  total: 10,
  unit: 'schemes',
  ratePerSecond: 1,
  remainingMs: 7000,
  note: '',
  startedAtMs: 1000,
  finishedAtMs: null,
  resumable: true,
  error: null
}

describe('errors of actions', () => {
  it('are none after a cancel of one’s own', async () => {
    const action = createAction(async () => {
      throw new AppError('job.cancelled', 'cancelled', 'again')
    })
    await expect(action.run()).resolves.toBeUndefined()
    expect(action).toMatchObject({ error: null, busy: false })
  })

  it('of a lost host go away when it is back, others stay', async () => {
    const client = withClient({})
    useApp()
    const failing = (code: 'host.disconnected' | 'input.invalid') =>
      createAction(async () => {
        throw new AppError(code, 'what', 'do')
      })
    const [lost, wrong] = [failing('host.disconnected'), failing('input.invalid')]
    client.setConnection('lost')
    await lost.run()
    await wrong.run()
    expect(lost.error?.code).toBe('host.disconnected')
    client.setConnection('connected')
    expect(lost.error).toBeNull()
    expect(wrong.error?.code).toBe('input.invalid')
  })
})

describe('jobs of a host that was restarted', () => {
  it('end as interrupted, for those who wait too', async () => {
    const client = withClient({ 'job.list': () => ({ jobs: [] }) })
    const jobs = useJobs()
    client.emit('job.changed', job)
    const waiting = jobs.whenSettled('j1')
    const seen = expect(waiting).rejects.toMatchObject({ code: 'job.crashed' })
    jobs.interruptAll()
    await seen
    expect(jobs.running).toEqual([])
    expect(jobs.get('j1')?.state).toBe('interrupted')
  })

  it('that the new host does not know are waited for no longer', async () => {
    const client = withClient({ 'job.list': () => ({ jobs: [] }) })
    const jobs = useJobs()
    client.emit('job.changed', job)
    const seen = expect(jobs.whenSettled('j1')).rejects.toMatchObject({ code: 'job.crashed' })
    await jobs.load.run()
    await seen
  })
})

describe('readings left out', () => {
  it('are a running total and not added up', () => {
    const client = withClient({})
    const gpu = useGpu()
    for (const [sequence, dropped] of [10, 25, 40].entries())
      client.emit('gpu.sampled', { sequence, dropped, batches: [] })
    expect(gpu.dropped).toBe(40)
  })

  it('and silences are counted as they are drawn', () => {
    expect(gapsIn([1, Number.NaN, Number.NaN, 2, Number.NaN, 3])).toBe(2)
    expect(gapsIn([Number.NaN])).toBe(1)
    expect(gapsIn([1, 2])).toBe(0)
    const ring = createLiveRing(2)
    expect(ring.lastValue()).toBeNull()
    ring.push(1, 5)
    expect(ring.lastValue()).toBe(5)
    ring.push(2, null)
    expect(ring.lastValue()).toBeNull()
  })
})
