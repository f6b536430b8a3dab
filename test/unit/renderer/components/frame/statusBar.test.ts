// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { Job } from '@shared/contract/job'
import type { MemoryClient } from '@renderer/client/memoryClient'
import StatusBar from '@renderer/components/frame/StatusBar.vue'
import { useApp } from '@renderer/stores/app'
import { useBoards } from '@renderer/stores/board'
import { useNavigation } from '@renderer/stores/window/navigation'
import { sampleBoards } from '../../../../e2e/support/sampleBoards'
import { mountView, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const job: Job = {
  id: 'j1',
  kind: 'profile.run',
  title: 'Profile sim',
  state: 'running',
  done: 30,
  total: 120,
  unit: 'samples',
  ratePerSecond: 10,
  remainingMs: 9000,
  note: '',
  startedAtMs: 1000,
  finishedAtMs: null,
  resumable: true,
  error: null
}
let client: MemoryClient
let view: Mounted<Record<string, never>>

beforeEach(() => {
  client = withClient({
    'job.cancel': () => ({ ok: true as const })
  })
  // A store listens from its first use on.
  useBoards()
  view = mountView(StatusBar, {})
  useApp().connection = 'connected'
})
afterEach(() => view.unmount())

it('names the board that is worked on and who uses it, and opens the page Boards', async () => {
  expect(view.text()).toContain('No board connected')
  client.emit('board.changed', { ...sampleBoards[0]!, id: 'quiet', info: null })
  await nextTick()
  expect(view.text()).toContain('No monitor replies')
  client.emit('board.changed', sampleBoards[0]!)
  await nextTick()
  expect(view.text()).toContain('Virtual board, small in use: profile campaign')
  view.the<HTMLButtonElement>('button.item:first-child').click()
  expect(useNavigation().current).toBe('boards')
})

it('shows the job that runs with its time left, and cancels it', async () => {
  expect(view.text()).toContain('No job running')
  client.emit('job.changed', job)
  await nextTick()
  expect(view.the('.item.job').textContent).toContain('Profile sim')
  expect(view.the('.item.job').textContent).toContain('9 s left')
  expect(view.text()).toContain('1 running')
  view.the<HTMLButtonElement>('.item.job button').click()
  expect(client.calls.at(-1)).toEqual({ name: 'job.cancel', input: { id: 'j1' } })
})

it('shows no time left while it is not known', async () => {
  client.emit('job.changed', { ...job, remainingMs: null })
  await nextTick()
  expect(view.the('.item.job').textContent).not.toContain('left')
})

it('shows no progress while the host is lost, and cannot cancel', async () => {
  client.emit('job.changed', job)
  useApp().connection = 'lost'
  await nextTick()
  expect(view.text()).toContain('host lost')
  expect(view.the('.item.job').textContent).toContain('progress not known')
  expect(view.the('.item.job').textContent).not.toContain('9 s left')
  expect(view.root.querySelectorAll('.item.job [role=progressbar]')).toHaveLength(0)
  expect(view.the<HTMLButtonElement>('.item.job button').disabled).toBe(true)
})

it('counts events that this window was too slow for', async () => {
  expect(view.text()).not.toContain('dropped')
  client.emit('host.dropped', { count: 1 })
  await nextTick()
  expect(view.text()).toContain('1 event dropped')
  client.emit('host.dropped', { count: 4 })
  await nextTick()
  expect(view.text()).toContain('5 events dropped')
})

it('switches to the other theme', async () => {
  const { systemDark } = useApp()
  expect(systemDark).toBe(true)
  view.the<HTMLButtonElement>('[aria-label="Light theme"]').click()
  await nextTick()
  expect(client.calls.at(-1)).toEqual({ name: 'app.saveSettings', input: { theme: 'light' } })
})
