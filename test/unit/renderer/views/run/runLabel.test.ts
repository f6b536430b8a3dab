// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { Run } from '@shared/contract/run'
import { AppError } from '@shared/errors'
import RunLabel from '@renderer/views/run/RunLabel.vue'
import { sampleRuns } from '../../../../e2e/support/sampleRuns'
import { submit, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const searches = sampleRuns.filter(({ kind }) => kind === 'search')
let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const mounted = async (isRefused = false) => {
  const [first] = searches
  let kept: Run = { ...first!, name: null, notes: 'Slower than before.', tags: ['paper'] }
  const changed = (change: Partial<Run>): { run: Run } => {
    if (isRefused) throw new AppError('store.failed', 'The disk is full.', 'Free some space.')
    kept = { ...kept, ...change }
    client.emit('run.changed', kept)
    return { run: kept }
  }
  const client = withClient({
    'run.list': () => ({ runs: [kept, ...searches.slice(1)] }),
    'run.rename': ({ name }) => changed({ name }),
    'run.annotate': ({ notes, tags }) => changed({ notes: notes!, tags: tags! })
  })
  view = mountView(RunLabel, { kind: 'search', id: kept.id })
  await settle()
  return client
}

describe('the label of a run on its page', () => {
  it('shows tags and notes, and names the run where it is shown', async () => {
    const client = await mounted()
    expect(view.text()).toContain('#paperSlower than before.')
    expect(view.root.querySelector('form')).toBeNull()
    view.button('Name and notes…').click()
    await nextTick()
    await type(view, 'Name', 'Night run')
    await type(view, 'Tags', 'paper, firmware 4')
    await submit(view)
    expect(client.calls.slice(-2)).toMatchObject([
      { name: 'run.rename', input: { id: searches[0]!.id, name: 'Night run' } },
      { name: 'run.annotate', input: { tags: ['paper', 'firmware 4'] } }
    ])
    expect(view.root.querySelector('form')).toBeNull()
    expect(view.button('Rename, notes…').title).toBe('Night run')
    expect(view.text()).toContain('#firmware 4')
  })

  it('keeps what was typed where it could not be saved, and says why', async () => {
    await mounted(true)
    view.button('Name and notes…').click()
    await nextTick()
    await type(view, 'Name', 'Night run')
    await submit(view)
    expect(view.the('[role=alert]').textContent).toContain('The disk is full.')
    expect(view.root.querySelector('input')!.value).toBe('Night run')
  })

  it('does not take back what another window saved meanwhile, and keeps what was typed', async () => {
    const client = await mounted()
    view.button('Name and notes…').click()
    await nextTick()
    await type(view, 'Tags', 'mine')
    client.emit('run.changed', { ...searches[0]!, name: 'Theirs', notes: 'Noted there.', tags: ['theirs'] })
    await nextTick()
    await submit(view)
    expect(client.calls.filter(({ name }) => name !== 'run.list')).toEqual([
      { name: 'run.annotate', input: { id: searches[0]!.id, notes: 'Noted there.', tags: ['mine'] } }
    ])
  })

  it('of another run begins closed, and of a run that is gone shows nothing', async () => {
    await mounted()
    view.button('Name and notes…').click()
    await view.set({ id: searches[1]!.id })
    expect(view.root.querySelector('form')).toBeNull()
    await view.set({ id: 'gone' })
    await settle()
    expect(view.text()).toBe('')
    expect(view.root.querySelector('*')).toBeNull()
  })
})
