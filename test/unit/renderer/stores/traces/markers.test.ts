// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import StreamMarkers from '@renderer/charts/stream/StreamMarkers.vue'
import { useMarkers } from '@renderer/stores/traces/markers'
import type { Marker } from '@shared/contract/run'
import { AppError } from '@shared/errors'
import { mountView, type Mounted } from '../../mountView'
import { withClient } from '../withClient'

const first: Marker = { atMs: 10, text: 'start' }
const second: Marker = { atMs: 2000, text: '' }
let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => {
  view?.unmount()
  view = undefined
})

describe('markers of a run', () => {
  it('are read with the run, saved by time, and of one run only', async () => {
    const kept: Record<string, Marker[]> = { a: [second], b: [] }
    withClient({
      'run.markers': ({ id }: { id: string }) => ({ markers: kept[id]! }),
      'run.mark': ({ id, markers }: { id: string; markers: Marker[] }) => ({
        markers: (kept[id] = [...markers].sort((x, y) => x.atMs - y.atMs))
      })
    })
    const store = useMarkers()
    await store.load.run('a')
    expect(store.markers).toEqual([second])
    await store.save.run([second, first])
    expect([store.markers, kept['a']]).toEqual([
      [first, second],
      [first, second]
    ])
    await store.load.run('b')
    expect(store.markers).toEqual([])
  })

  it('are neither saved before they are read nor overwritten by an older reply', async () => {
    const marked: Marker[][] = []
    let reply = (_markers: Marker[]): void => undefined
    withClient({
      'run.markers': async () => ({
        markers: await new Promise<Marker[]>((resolve) => (reply = resolve))
      }),
      'run.mark': ({ markers }: { markers: Marker[] }) => {
        marked.push(markers)
        return { markers }
      }
    })
    const store = useMarkers()
    const opened = store.load.run('a')
    await store.save.run([second])
    expect([marked, store.isRead]).toEqual([[], false])
    await expect.poll(() => (reply([first]), store.isRead)).toBe(true)
    await opened
    const again = store.load.run('a')
    await store.save.run([first, second])
    reply([first])
    await again
    expect([store.markers, marked]).toEqual([[first, second], [[first, second]]])
  })

  it('are saved one after the other, so that the last change is the one that is kept', async () => {
    let kept: Marker[] = []
    const waits = [30, 0]
    withClient({
      'run.markers': () => ({ markers: [] }),
      'run.mark': async ({ markers }: { markers: Marker[] }) => {
        await new Promise((resolve) => setTimeout(resolve, waits.shift()))
        return { markers: (kept = markers) }
      }
    })
    const store = useMarkers()
    await store.load.run('a')
    await Promise.all([store.save.run([first]), store.save.run([first, second])])
    expect([store.markers, kept]).toEqual([
      [first, second],
      [first, second]
    ])
  })

  it('are those that are kept when saving is refused', async () => {
    withClient({
      'run.markers': () => ({ markers: [first] }),
      'run.mark': () => {
        throw new AppError('input.notFound', 'There is no run a.', 'List the runs.')
      }
    })
    const store = useMarkers()
    await store.load.run('a')
    await store.save.run([])
    expect(store.markers).toEqual([first])
    expect(store.save.error?.code).toBe('input.notFound')
  })

  it('take notes, go away and are shown by their buttons', () => {
    const changes: Marker[][] = []
    const shown: number[] = []
    view = mountView(StreamMarkers, {
      ...{ markers: [first, second], relative: true, note: 'kept with the recording' },
      onChange: (markers: Marker[]) => changes.push(markers),
      onShow: (atMs: number) => shown.push(atMs)
    })
    expect(view.text()).toContain('kept with the recording')
    const [, note] = view.root.querySelectorAll('input')
    note!.value = 'x'.repeat(600)
    note!.dispatchEvent(new Event('change'))
    expect(changes[0]).toEqual([first, { atMs: 2000, text: 'x'.repeat(500) }])
    view.button('2 s').click()
    view.root.querySelector<HTMLElement>('[aria-label="Remove marker 1"]')!.click()
    expect([shown, changes[1]]).toEqual([[2000], [second]])
  })

  it('keep a note that is being typed while markers arrive again', async () => {
    view = mountView(StreamMarkers, { ...{ markers: [{ ...second }], relative: false, note: '' } })
    const [note] = view.root.querySelectorAll('input')
    note!.value = 'half a n'
    note!.dispatchEvent(new Event('input'))
    await view.set({ markers: [{ ...second }] })
    expect(view.root.querySelector('input')!.value).toBe('half a n')
    note!.dispatchEvent(new Event('blur'))
    await view.set({ markers: [{ ...second, text: 'of another window' }] })
    expect(view.root.querySelector('input')!.value).toBe('of another window')
  })

  it('have the focus in the note of one that was added by the button, and leave it where others arrive', async () => {
    view = mountView(StreamMarkers, {
      ...{ markers: [second], relative: true, note: '' },
      onAdd: () => undefined
    })
    await view.set({ markers: [second, { atMs: 3000, text: 'of another window' }] })
    expect(document.activeElement).toBe(document.body)
    view.button('Add marker').click()
    await view.set({ markers: [first, second, { atMs: 3000, text: '' }] })
    await nextTick()
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Note of marker 1')
  })

  it('keep the letters of a note from the chart, and leave the keys of the window to it', () => {
    view = mountView(StreamMarkers, { markers: [second], relative: true, note: '' })
    const heard: string[] = []
    view.root.addEventListener('keydown', ({ key }) => heard.push(key))
    const note = view.root.querySelector('input')!
    note.dispatchEvent(new KeyboardEvent('keydown', { key: 'm', bubbles: true }))
    note.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true }))
    expect(heard).toEqual(['k'])
  })

  it('have times of day on a live trace', () => {
    view = mountView(StreamMarkers, { markers: [second], relative: false, note: '' })
    expect(view.text()).toContain(new Date(2000).toLocaleDateString(undefined, { dateStyle: 'short' }))
    expect(view.text()).not.toContain('2 s')
  })
})
