// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { Run } from '@shared/contract/run'
import RunDetail from '@renderer/views/run/RunDetail.vue'
import SessionBar from '@renderer/views/run/SessionBar.vue'
import { useSessions } from '@renderer/stores/session'
import { sampleRuns } from '../../../../e2e/support/sampleRuns'
import { type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const byId = (id: string): Run => sampleRuns.find((run) => run.id === id)!
const [named, stopped, unreadable] = [byId('s1'), byId('s2'), byId('d2')]
let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())
const buttons = (): (string | undefined)[] =>
  [...view.root.querySelectorAll('button')].map((one) => one.textContent?.trim())

describe('one run', () => {
  it('is resumed where it can be, and opened where it can be read', () => {
    withClient({})
    view = mountView(RunDetail, { run: stopped })
    expect(buttons()).toEqual(['Resume', 'Open', 'Save', 'Delete'])
    view.unmount()
    view = mountView(RunDetail, { run: unreadable })
    expect(buttons()).toEqual(['Save', 'Delete'])
    expect(view.text()).toContain('Invalid input: expected number')
  })

  it('is saved only when something was changed; its name alone does not need another one', async () => {
    const client = withClient({ 'run.annotate': () => ({ run: named }) })
    view = mountView(RunDetail, { run: named })
    expect(view.button('Save').disabled).toBe(true)
    await type(view, 'Notes', 'Better.')
    expect(view.button('Save').disabled).toBe(false)
    view.button('Save').click()
    await settle()
    expect(client.calls).toEqual([
      { name: 'run.annotate', input: { id: 's1', notes: 'Better.', tags: ['paper', 'firmware 4'] } }
    ])
  })

  it('takes the same tags in other spacing for unchanged', async () => {
    withClient({})
    view = mountView(RunDetail, { run: named })
    await type(view, 'Tags', 'paper ,  firmware 4')
    expect(view.button('Save').disabled).toBe(true)
    await type(view, 'Tags', 'paper')
    expect(view.button('Save').disabled).toBe(false)
    view.button('Discard').click()
    await nextTick()
    expect(view.button('Save').disabled).toBe(true)
  })

  it('is deleted after a question only', async () => {
    const client = withClient({})
    view = mountView(RunDetail, { run: named })
    view.button('Delete').click()
    await nextTick()
    expect(client.calls).toEqual([])
    view.button('Keep').click()
    await nextTick()
    view.button('Delete').click()
    await nextTick()
    view.button('Delete run').click()
    expect(client.calls.at(-1)).toMatchObject({ name: 'run.forget', input: { id: 's1' } })
  })

  it('cannot be deleted while it runs', () => {
    withClient({})
    view = mountView(RunDetail, { run: { ...named, state: 'running' } })
    expect(view.button('Delete').disabled).toBe(true)
  })

  it('shows another run with that run’s own texts', async () => {
    withClient({})
    view = mountView(RunDetail, { run: named })
    await type(view, 'Notes', 'Not saved.')
    await view.set({ run: stopped })
    expect(view.the<HTMLTextAreaElement>('textarea').value).toBe('')
    expect(view.button('Save').disabled).toBe(true)
  })
})

describe('session files', () => {
  it('carry the runs in the list that have ended and can be read', async () => {
    const client = withClient({})
    view = mountView(SessionBar, { runs: [named, unreadable, { ...stopped, state: 'running' }] })
    expect(view.the('[data-test=save-session]').textContent?.trim()).toBe('Save 1 run as a session…')
    view.the<HTMLButtonElement>('[data-test=save-session]').click()
    await settle()
    expect(client.calls.at(-1)).toMatchObject({ name: 'session.pack', input: { runIds: ['s1'] } })
  })

  it('cannot be saved without any', () => {
    withClient({})
    view = mountView(SessionBar, { runs: [unreadable] })
    expect(view.the<HTMLButtonElement>('[data-test=save-session]').disabled).toBe(true)
  })

  it('show how much has arrived, and how much of it where that is known', async () => {
    withClient({})
    view = mountView(SessionBar, { runs: [] })
    const sessions = useSessions()
    sessions.download = { received: 0, total: null }
    await nextTick()
    expect(view.text()).toContain('being packed')
    sessions.download = { received: 1024, total: null }
    await nextTick()
    expect(view.the('[role=status]').textContent?.trim()).toBe('1 KiB')
    sessions.download = { received: 1024, total: 4096 }
    await nextTick()
    expect(view.the('[role=status]').textContent?.trim()).toBe('1 KiB of 4 KiB')
  })
})
