// @vitest-environment happy-dom
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { nextTick } from 'vue'
import { useRuns } from '@renderer/stores/run'
import { undoMs } from '@renderer/stores/window/removal'
import PageRuns from '@renderer/views/run/PageRuns.vue'
import type { Run } from '@shared/contract/run'
import { sampleRuns } from '../../../../e2e/support/sampleRuns'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const searches = sampleRuns.filter(({ kind }) => kind === 'search')
let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const opened: string[] = []
const mounted = async (runs: Run[]) => {
  opened.length = 0
  const client = withClient({
    'run.list': ({ kinds }) => ({ runs: runs.filter(({ kind }) => kinds?.includes(kind)) }),
    'run.compare': () => null as never,
    'run.forget': ({ id }) => ({ run: { ...runs.find((run) => run.id === id)!, forgotten: true } })
  })
  view = mountView(PageRuns, {
    kind: 'search',
    openId: 's1',
    further: [{ title: 'Came out', text: ({ id }: Run) => `found by ${id}` }],
    onOpen: (id: string) => opened.push(id)
  })
  await settle()
  return client
}
const cells = (): string[] =>
  [...view.root.querySelectorAll('tbody tr:not([aria-hidden])')].map((row) => row.textContent ?? '')

describe('runs of a page', () => {
  it('are listed with their names and what came out, from two on', async () => {
    await mounted(sampleRuns)
    expect(cells()).toHaveLength(searches.length)
    expect(cells()[0]).toContain('Night run for the paper')
    expect(cells()[1]).toContain('found by s2')
    view.unmount()
    await mounted(searches.slice(0, 1))
    expect(view.text()).toBe('')
  })

  it('open by a click, and two that are marked can be compared', async () => {
    await mounted(sampleRuns)
    view.root.querySelectorAll<HTMLElement>('tbody tr:not([aria-hidden])')[1]!.click()
    await nextTick()
    expect(opened).toEqual(['s2'])
    for (const box of view.root.querySelectorAll<HTMLInputElement>('tbody input')) box.click()
    await nextTick()
    expect(view.button('Compare').disabled).toBe(false)
  })

  it('are walked with the arrow keys past one that cannot be read', async () => {
    const unreadable: Run = { ...searches[1]!, id: 's3', state: 'unreadable', problem: 'No plan.' }
    await mounted([searches[0]!, unreadable, searches[1]!])
    const table = view.the<HTMLElement>('[tabindex="0"]')
    for (const _step of [1, 2]) {
      table.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown' }))
      await nextTick()
    }
    expect(opened).toEqual(['s2'])
    await view.set({ openId: 's2' })
    await view.set({ openId: 's1' })
    expect(view.the('tr.selected').textContent).toContain('Night run for the paper')
  })

  it('are deleted from their page, and brought back on the page Runs', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const mounting = mounted(sampleRuns)
    await vi.advanceTimersByTimeAsync(1)
    const client = await mounting
    view.button('Delete').click()
    await nextTick()
    view.the<HTMLElement>('[role=alertdialog]').querySelector('button')!.click()
    await vi.advanceTimersByTimeAsync(undoMs + 1)
    expect(client.calls.find(({ name }) => name === 'run.forget')?.input).toEqual({ id: 's1' })
    expect(useRuns().deleted.map((runs) => runs.map(({ id }) => id))).toEqual([['s1']])
  })

  it('follow a new name, a deletion and its undo', async () => {
    const client = await mounted(sampleRuns)
    client.emit('run.changed', { ...searches[1]!, name: 'Second try' })
    await settle()
    expect(cells().some((text) => text.includes('Second try'))).toBe(true)
    client.emit('run.changed', { ...searches[1]!, forgotten: true })
    await settle()
    expect(cells()).toEqual([])
    client.emit('run.changed', searches[1]!)
    await settle()
    expect(cells()).toHaveLength(searches.length)
  })
})
