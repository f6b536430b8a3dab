// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { h } from 'vue'
import { AppError } from '@shared/errors'
import DropArea from '@renderer/components/DropArea.vue'
import JobLog from '@renderer/components/progress/JobLog.vue'
import PageFrame from '@renderer/components/frame/PageFrame.vue'
import PaneColumns from '@renderer/components/panes/PaneColumns.vue'
import PaneSeparator from '@renderer/components/panes/PaneSeparator.vue'
import TableTools from '@renderer/components/table/TableTools.vue'
import GuidePanel from '@renderer/help/GuidePanel.vue'
import TermMark from '@renderer/help/TermMark.vue'
import { terms } from '@renderer/help/terms'
import { createAction } from '@renderer/stores/window/action'
import { useFiles } from '@renderer/stores/file'
import { useHelp } from '@renderer/stores/window/help'
import { useNavigation } from '@renderer/stores/window/navigation'
import type { Job } from '@shared/contract/job'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => {
  view.unmount()
  vi.useRealTimers()
})

describe('a separator', () => {
  const mounted = (more: object = {}) => {
    const sizes: (number | null)[] = []
    view = mountView(PaneSeparator, {
      ...{ label: 'Width', controls: 'pane', size: 50, range: { min: 20, max: 80 }, unit: '%', step: 2 },
      ...{ orientation: 'vertical', pxPerUnit: 10, onResize: (size: number | null) => sizes.push(size) },
      ...more
    })
    const root = view.the('[role=separator]')
    root.setPointerCapture = () => undefined
    const point = (type: string, at: number, button = 0): void => {
      const event = new MouseEvent(type, { clientX: at, clientY: at, button })
      root.dispatchEvent(event)
    }
    return { sizes, point, root }
  }

  it('says its place and limits', () => {
    const { root } = mounted({ size: 33.4 })
    const read = (name: string) => root.getAttribute(`aria-${name}`)
    expect(['valuenow', 'valuemin', 'valuemax', 'valuetext'].map(read)).toEqual(['33', '20', '80', '33 %'])
  })

  it('follows the pointer in its unit, within its limits, and only while it is held', () => {
    const { sizes, point } = mounted()
    point('pointermove', 500)
    point('pointerdown', 100)
    point('pointermove', 150)
    point('pointermove', 9000)
    point('pointerup', 9000)
    point('pointermove', 0)
    expect(sizes).toEqual([55, 80])
  })

  it('of a pane behind it grows when it moves back; other buttons do not drag', () => {
    const { sizes, point } = mounted({ grows: 'backward', orientation: 'horizontal' })
    point('pointerdown', 100, 2)
    point('pointermove', 50)
    point('pointerdown', 100)
    point('pointermove', 50)
    expect(sizes).toEqual([55])
  })

  it('is moved by keys, and given back by a double click', () => {
    const { sizes, root } = mounted()
    for (const key of ['ArrowRight', 'ArrowLeft', 'Home', 'End', 'Enter', 'x'])
      root.dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true }))
    root.dispatchEvent(new MouseEvent('dblclick'))
    expect(sizes).toEqual([52, 48, 20, 80, null, null])
  })
})

it('two columns fold where there is no room for both', async () => {
  withClient({})
  view = mountView(PaneColumns, { name: 'p', label: 'Width', minPx: 300 })
  expect(view.root.querySelector('.panes.isFolded')).not.toBeNull()
  expect(view.root.querySelector('[role=separator]')).toBeNull()
})

describe('the line above a table', () => {
  const mounted = (more: object = {}) => {
    const events: unknown[] = []
    view = mountView(TableTools, {
      ...{ label: 'Runs', rowCount: 6, filter: '', tall: false, canGrow: false, note: '', columns: [] },
      ...{ exports: [], marked: 0, chosen: 0, pinned: false },
      'onUpdate:filter': (text: string) => events.push(text),
      'onUpdate:tall': (tall: boolean) => events.push(tall),
      onPin: () => events.push('pin'),
      onClear: () => events.push('clear'),
      ...more
    })
    return events
  }
  const texts = (): (string | undefined)[] =>
    [...view.root.querySelectorAll('button')].map((one) => one.textContent?.trim())

  it('filters tables of six rows and more, once typing pauses', async () => {
    vi.useFakeTimers()
    mounted({ rowCount: 5 })
    expect(view.root.querySelector('[type=search]')).toBeNull()
    view.unmount()
    const events = mounted()
    const field = view.the<HTMLInputElement>('[type=search]')
    for (const text of ['c', 'co', 'conv']) {
      field.value = text
      field.dispatchEvent(new Event('input'))
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(events).toEqual([])
    await vi.advanceTimersByTimeAsync(30)
    expect(events).toEqual(['conv'])
  })

  it('offers what is done with chosen rows, and to unmark only marked ones', () => {
    mounted()
    expect(texts()).toEqual([])
    view.unmount()
    mounted({ chosen: 1 })
    expect(texts()).toEqual(['Pin'])
    view.unmount()
    const events = mounted({ chosen: 2, marked: 2, pinned: true })
    expect(view.text()).toContain('2 rows marked')
    view.button('Unpin').click()
    view.button('Unmark').click()
    expect(events).toEqual(['pin', 'clear'])
  })

  it('grows and shrinks where there is more to show', () => {
    const events = mounted({ canGrow: true })
    view.button('Taller').click()
    view.unmount()
    const others = mounted({ tall: true })
    view.button('Shorter').click()
    expect([events, others]).toEqual([[true], [false]])
  })
})

it('a page says first why its data could not be read, and tries again; the button opens its guide', async () => {
  withClient({})
  let tries = 0
  const load = createAction(async () => {
    tries += 1
    if (tries === 1) throw new AppError('store.failed', 'The disk is full.', 'Delete files.')
  })
  await load.run()
  view = mountView(PageFrame, { load })
  expect(view.text()).toContain('The disk is full.')
  view.button('Try again').click()
  await settle()
  expect(view.text()).not.toContain('The disk is full.')
  expect(view.the('h1').textContent).toBe(useNavigation().page.title)
  view.button('?').click()
  expect(useHelp().isGuideOpen).toBe(true)
})

describe('the log of a job', () => {
  const job = { id: 'j1', title: 'Fit', note: 'half', state: 'running' } as unknown as Job
  it('is read again when its note or state changes', async () => {
    let lines = [{ atMs: 0, text: 'began' }]
    const client = withClient({ 'job.log': () => ({ lines }) as never })
    view = mountView(JobLog, { job })
    await settle()
    expect(view.text()).toContain('began')
    lines = [...lines, { atMs: 1, text: 'ended' }]
    await view.set({ job: { ...job, progress: 0.5 } })
    await settle()
    expect(client.calls).toHaveLength(1)
    await view.set({ job: { ...job, state: 'done' } })
    await settle()
    expect([...view.root.querySelectorAll('li')]).toHaveLength(2)
  })

  it('says that nothing was kept, or why it cannot be read', async () => {
    withClient({ 'job.log': () => ({ lines: [] }) })
    view = mountView(JobLog, { job })
    await settle()
    expect(view.text()).toBe('Nothing was kept.')
    view.unmount()
    withClient({
      'job.log': () => {
        throw new AppError('job.notFound', 'No such job.', 'Reload.')
      }
    })
    view = mountView(JobLog, { job })
    await settle()
    expect(view.the('[role=alert]').textContent).toBe('No such job.')
  })
})

describe('files dropped on the window', () => {
  const drag = (type: string, types: string[], more: object = {}): Event => {
    const event = new Event(type, { cancelable: true, bubbles: true })
    Object.assign(event, { dataTransfer: { types, items: [], files: [] }, relatedTarget: null, ...more })
    window.dispatchEvent(event)
    return event
  }
  const mounted = (): void => {
    withClient({})
    view = mountView(DropArea, {})
  }

  it('are awaited where no field takes them; other things are not', async () => {
    mounted()
    expect(drag('dragover', ['text/plain']).defaultPrevented).toBe(false)
    await settle()
    expect(view.root.querySelector('.over')).toBeNull()
    expect(drag('dragover', ['Files']).defaultPrevented).toBe(true)
    await settle()
    expect(view.root.querySelector('.over')).not.toBeNull()
    drag('dragleave', ['Files'], { relatedTarget: document.body })
    await settle()
    expect(view.root.querySelector('.over')).not.toBeNull()
    drag('dragleave', ['Files'])
    await settle()
    expect(view.root.querySelector('.over')).toBeNull()
  })

  it('show how far they are sent, and can be cancelled', async () => {
    mounted()
    const files = useFiles()
    files.sending = { name: 'net.onnx', sentBytes: 512, totalBytes: 2048 } as never
    const cancel = vi.spyOn(files, 'cancelSending').mockImplementation(() => undefined)
    await settle()
    expect(view.text()).toContain('Sending net.onnx')
    expect(view.text()).toContain('512 B of 2 KiB')
    view.button('Cancel').click()
    expect(cancel).toHaveBeenCalledOnce()
  })

  it('leave nothing behind when the window closes', () => {
    mounted()
    view.unmount()
    expect(drag('dragover', ['Files']).defaultPrevented).toBe(false)
  })
})

describe('the guide', () => {
  it('begins at the page that is shown, finds sections by words, and opens one', async () => {
    withClient({})
    useNavigation().open('search')
    view = mountView(GuidePanel, {})
    const select = view.the<HTMLSelectElement>('select')
    const first = select.value
    expect(first).not.toBe('')
    const find = view.the<HTMLInputElement>('[type=search]')
    const search = async (text: string): Promise<void> => {
      find.value = text
      find.dispatchEvent(new Event('input'))
      await settle()
    }
    await search('no-such-word-anywhere')
    expect(view.text()).toContain('The guide has no section with all of these words.')
    await search('recording')
    const hits = view.root.querySelectorAll<HTMLElement>('.hit')
    expect(hits.length).toBeGreaterThan(1)
    const heading = hits[0]!.querySelector('strong')!.textContent
    hits[0]!.click()
    await settle()
    expect(find.value).toBe('')
    expect(view.the('.text').textContent).toContain(heading)
  })

  it('is over when its dialog closes', async () => {
    withClient({})
    useHelp().openGuide()
    view = mountView(GuidePanel, {})
    view.the('dialog').dispatchEvent(new Event('close'))
    expect(useHelp().isGuideOpen).toBe(false)
  })
})

it('a term names its explanation', () => {
  view = mountView({ render: () => h(TermMark, { term: 'valid' }, () => 'VALID') }, {})
  const mark = view.button('VALID')
  expect(mark.title).toBe(terms.valid)
  expect(view.the(`[id="${mark.getAttribute('popovertarget')}"]`).textContent).toBe(terms.valid)
})
