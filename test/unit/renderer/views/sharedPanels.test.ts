// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import SharedRuns from '@renderer/views/run/SharedRuns.vue'
import SharedPanel from '@renderer/views/workers/SharedPanel.vue'
import { sampleSharedRuns, sampleSharedStatus } from '../../../e2e/support/sampleShared'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => view?.unmount())

const text = (): string => view?.root.textContent?.replace(/\s+/g, ' ') ?? ''
const button = (label: string): HTMLButtonElement | undefined =>
  [...(view?.root.querySelectorAll('button') ?? [])].find((one) => one.textContent?.trim() === label)

describe('panel of the shared folder', () => {
  it('shows hosts, what is left out and why, and the results that were used', async () => {
    withClient({ 'shared.status': () => sampleSharedStatus })
    view = mountView(SharedPanel, {})
    await settle()
    expect(text()).toContain('desk-1a2b3c4d (this one)')
    expect(text()).toContain('a newer Bitbench wrote it (form 2)')
    expect(text()).toContain('412 since the start')
    expect(button('Publish as desk')?.disabled).toBe(false)
  })

  it('publishes nothing into a bucket, nor into a folder that is not there', async () => {
    withClient({
      'shared.status': () => ({ ...sampleSharedStatus, folder: 's3://lab/x', canPublish: false })
    })
    view = mountView(SharedPanel, {})
    await settle()
    expect(button('Publish as desk')).toBeUndefined()
    view.unmount()
    const problem = { code: 'data.missing' as const, message: 'It cannot be read.', hint: 'Mount it.' }
    withClient({ 'shared.status': () => ({ ...sampleSharedStatus, problem, hosts: [] }) })
    view = mountView(SharedPanel, {})
    await settle()
    expect(text()).toContain('It cannot be read.')
    expect(button('Publish as desk')?.disabled).toBe(true)
  })

  it('writes what was published', async () => {
    const outcome = {
      written: 2,
      unchanged: 1,
      rows: 5,
      sizeBytes: 2048,
      notes: ['A run: its row does not fit']
    }
    const client = withClient({
      'shared.status': () => sampleSharedStatus,
      'shared.publish': () => ({ jobId: 'j1' }),
      'shared.outcome': () => outcome
    })
    view = mountView(SharedPanel, {})
    await settle()
    button('Publish as desk')!.click()
    await settle()
    client.emit('job.changed', {
      ...{
        id: 'j1',
        kind: 'shared.publish',
        title: 'Publish',
        state: 'done',
        done: 1,
        total: 1,
        unit: 'parts'
      },
      ...{
        ratePerSecond: null,
        remainingMs: null,
        note: '',
        startedAtMs: 0,
        finishedAtMs: 1,
        resumable: false
      },
      error: null
    })
    await settle()
    expect(text()).toContain('2 files written with 5 rows, 2 KiB; 1 file unchanged.')
    expect(text()).toContain('A run: its row does not fit')
  })
})

describe('runs of other hosts', () => {
  it('are listed with their host, and nothing is shown where there are none', async () => {
    withClient({
      'shared.status': () => sampleSharedStatus,
      'shared.runs': () => ({ runs: sampleSharedRuns, total: 9 })
    })
    view = mountView(SharedRuns, { text: '', kind: null, heightPx: 300 })
    await settle()
    expect(text()).toContain('the newest 4 of 9')
    expect(text()).toContain('bench-b-0badcafe')
    expect(text()).toContain('no session file')
    view.unmount()
    withClient({ 'shared.status': () => sampleSharedStatus, 'shared.runs': () => ({ runs: [], total: 0 }) })
    view = mountView(SharedRuns, { text: '', kind: null, heightPx: 300 })
    await settle()
    expect(text().trim()).toBe('')
  })
})
