// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { noticeOf, watchJobs } from '@renderer/stores/window/jobNotices'
import { useJobs } from '@renderer/stores/job'
import type { Job } from '@shared/contract/job'
import { withClient } from '../withClient'

const job = (changes: Partial<Job> = {}): Job => ({
  ...{ id: 'a', kind: 'profile.run', title: 'Profile', state: 'running', done: 1, total: 3, unit: 'samples' },
  ...{ ratePerSecond: null, remainingMs: null, note: '', startedAtMs: 0, finishedAtMs: null },
  ...{ resumable: false, error: null },
  ...changes
})
const ended = (changes: Partial<Job> = {}): Job => job({ state: 'done', finishedAtMs: 60_000, ...changes })

function watch(isFocused: boolean) {
  const client = withClient({})
  const told: string[] = []
  let focus = (): void => undefined
  const document = { title: 'Bitbench', hasFocus: () => isFocused }
  watchJobs({
    document,
    notify: (title, body) => told.push(`${title} (${body})`),
    onFocus: (listener) => (focus = listener)
  })
  return { client, told, document, focus: () => focus() }
}

describe('notice of a long job', () => {
  it('comes when the window is not looked at; the title counts until it is', () => {
    const { client, told, document, focus } = watch(false)
    client.emit('job.changed', job())
    expect(document.title).toBe('33 % · Bitbench')
    client.emit('job.changed', ended())
    expect(told).toEqual(['Done: Profile (after 1 min 00 s)'])
    expect(document.title).toBe('(1) Bitbench')
    focus()
    expect(document.title).toBe('Bitbench')
  })

  it.each([
    ['a short job', ended({ finishedAtMs: 9_999 })],
    ['a cancelled one', ended({ state: 'cancelled' })]
  ])('does not come for %s', (_name, end) => {
    const { client, told, document } = watch(false)
    client.emit('job.changed', job())
    client.emit('job.changed', end)
    expect(told).toEqual([])
    expect(document.title).toBe('Bitbench')
  })

  it('does not come while the window is looked at, nor for a job that ended before', () => {
    const seen = watch(true)
    seen.client.emit('job.changed', job())
    seen.client.emit('job.changed', ended())
    const late = watch(false)
    late.client.emit('job.changed', ended())
    expect([seen.told, late.told]).toEqual([[], []])
  })

  it('a job that ended while the connection was away leaves the title', async () => {
    const client = withClient({ 'job.list': () => ({ jobs: [ended()] }) })
    const document = { title: 'Bitbench', hasFocus: () => true }
    watchJobs({ document, notify: () => undefined, onFocus: () => undefined })
    client.emit('job.changed', job())
    expect(document.title).toBe('33 % · Bitbench')
    await useJobs().load.run()
    expect(document.title).toBe('Bitbench')
  })

  it('says why a job failed', () => {
    const error = { code: 'board.timeout', message: 'No reply.', hint: '' }
    expect(noticeOf(ended({ state: 'failed', error }))).toEqual({
      title: 'Failed: Profile',
      body: 'No reply.'
    })
  })
})
