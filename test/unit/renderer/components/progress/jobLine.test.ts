// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { Job } from '@shared/contract/job'
import JobLine from '@renderer/components/progress/JobLine.vue'
import { useApp } from '@renderer/stores/app'
import { mountView, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const running: Job = {
  id: 'j1',
  kind: 'profile.run',
  title: 'Profile sim',
  state: 'running',
  done: 30,
  total: 120,
  unit: 'samples',
  ratePerSecond: 10,
  remainingMs: 9000,
  note: 'conv2d',
  startedAtMs: 1000,
  finishedAtMs: null,
  resumable: true,
  error: null
}
let view: Mounted<{ job: Job }>
const asked: string[] = []
const mounted = (changes: Partial<Job> = {}): void => {
  view = mountView(JobLine, { job: { ...running, ...changes } })
}
const buttons = (): (string | undefined)[] =>
  [...view.root.querySelectorAll('button')].map((one) => one.textContent?.trim())

beforeEach(() => {
  asked.length = 0
  withClient({
    'job.cancel': async ({ id }) => {
      asked.push(`cancel ${id}`)
      return { ok: true as const }
    },
    'job.resume': async ({ id }) => {
      asked.push(`resume ${id}`)
      return { job: { ...running, id: 'j2' } }
    }
  })
  useApp().connection = 'connected'
})
afterEach(() => view.unmount())

it('shows what is done, the rate and the time left of a running job', async () => {
  mounted()
  expect(view.text()).toContain('30 of 120 samples · 10 samples per second · 9 s left')
  expect(view.text()).toContain('conv2d')
  expect(buttons()).toEqual(['Cancel'])
  view.button('Cancel').click()
  await nextTick()
  expect(asked).toEqual(['cancel j1'])
})

it('says that the time left is not known, and no rate, at the start', () => {
  mounted({ done: 0, ratePerSecond: null, remainingMs: null })
  expect(view.text()).toContain('0 of 120 samples · time left not known yet')
})

it('shows times as durations, without their rate', () => {
  mounted({ unit: 'ms', done: 30_000, total: 90_000, ratePerSecond: 1000, remainingMs: 60_000 })
  expect(view.text()).toContain('30 s of 1 min 30 s · 1 min 00 s left')
  expect(view.text()).not.toContain('per second')
})

it('shows percent as they are, without their rate', () => {
  mounted({ unit: '%', done: 27.8, total: 100, ratePerSecond: 2.2, remainingMs: 400 })
  expect(view.text()).toContain('27 % · less than 1 s left')
  expect(view.text()).not.toContain('per second')
})

it('shows only what is done where the total is not known', () => {
  mounted({ total: 0, remainingMs: null })
  expect(view.text()).toContain('30 samples · 10 samples per second · time left not known yet')
})

it('offers to resume what was stopped, and says why it failed', async () => {
  const error = { code: 'board.timeout' as const, message: 'No reply.', hint: 'Connect it again.' }
  mounted({ state: 'failed', finishedAtMs: 4000, error })
  expect(view.text()).toContain('failed after 3 s, 30 samples')
  expect(view.text()).toContain('No reply. Connect it again.')
  view.button('Resume').click()
  await nextTick()
  expect(asked).toEqual(['resume j1'])
})

it('says what to do about a job that failed in the words of the window', () => {
  const error = {
    code: 'data.invalid' as const,
    message: 'No labels.',
    hint: 'Name them, or use --task unlabelled.'
  }
  mounted({ state: 'failed', finishedAtMs: 4000, error })
  expect(view.text()).toContain('No labels. Name them, or choose the task “unlabelled”.')
})

it('shows no error for what was cancelled on purpose, and no Resume where there is none', () => {
  const error = { code: 'job.cancelled' as const, message: 'It was cancelled.', hint: 'Start it again.' }
  mounted({ state: 'cancelled', finishedAtMs: 2000, error, resumable: false })
  expect(view.text()).not.toContain('It was cancelled.')
  expect(buttons()).toEqual([])
})

it('shows no figures of a running job while the host is not heard of', async () => {
  mounted()
  useApp().connection = 'lost'
  await nextTick()
  expect(view.text()).toContain('No report since the connection was lost.')
  expect(view.text()).not.toContain('30 of 120')
})
