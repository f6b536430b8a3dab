import { describe, expect, it } from 'vitest'
import type { Job } from '@shared/contract/job'
import { useJobs } from '@renderer/stores/job'
import { withClient } from './withClient'

const job = (changes: Partial<Job> = {}): Job => ({
  id: 'j1',
  kind: 'profile.run',
  title: 'Profile',
  state: 'running',
  done: 3,
  total: 10,
  unit: 'samples',
  ratePerSecond: 2,
  remainingMs: 3500,
  note: '',
  startedAtMs: 1000,
  finishedAtMs: null,
  resumable: true,
  error: null,
  ...changes
})

describe('job store', () => {
  it('follows jobs by their events', async () => {
    const client = withClient({ 'job.list': () => ({ jobs: [job()] }) })
    const jobs = useJobs()
    await jobs.load.run()
    expect(jobs.running.map(({ done }) => done)).toEqual([3])
    client.emit('job.changed', job({ done: 7 }))
    expect(jobs.get('j1')?.done).toBe(7)
    client.emit('job.changed', job({ state: 'done', done: 10, finishedAtMs: 6000 }))
    expect(jobs.running).toEqual([])
  })

  it('waits for the end, however it comes', async () => {
    const client = withClient({ 'job.list': () => ({ jobs: [] }) })
    const jobs = useJobs()
    const ended = jobs.whenSettled('j1')
    client.emit('job.changed', job({ state: 'done', finishedAtMs: 2000 }))
    await expect(ended).resolves.toMatchObject({ state: 'done' })

    const failed = jobs.whenSettled('j2')
    const error = { code: 'board.disconnected', message: 'Unplugged.', hint: 'Plug it in, then resume.' }
    client.emit('job.changed', job({ id: 'j2', state: 'failed', finishedAtMs: 2000, error }))
    await expect(failed).rejects.toMatchObject(error)

    client.emit('job.changed', job({ id: 'j3', state: 'cancelled', finishedAtMs: 2000 }))
    await expect(jobs.whenSettled('j3')).rejects.toMatchObject({ code: 'job.cancelled' })
  })

  it('learns after a lost connection that a job ended meanwhile', async () => {
    let listed = [job()]
    withClient({ 'job.list': () => ({ jobs: listed }) })
    const jobs = useJobs()
    await jobs.load.run()
    const ended = jobs.whenSettled('j1')
    listed = [job({ state: 'done', finishedAtMs: 2000 })]
    await jobs.load.run()
    await expect(ended).resolves.toMatchObject({ state: 'done' })
  })
})
