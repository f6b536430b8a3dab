// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import DataTable from '@renderer/components/table/DataTable.vue'
import type { TableColumn } from '@renderer/components/table/tableColumn'
import { mountView, type Mounted } from '../../mountView'

interface Row {
  name: string
  time: number
}
const columns: TableColumn<Row>[] = [
  { title: 'Name', text: ({ name }) => name },
  { title: 'Time', text: ({ time }) => `${time} µs`, value: ({ time }) => time, align: 'right' }
]
const rows: Row[] = [
  { name: 'b', time: 30 },
  { name: 'a', time: 4 },
  { name: 'c', time: 200 }
]
let view: Mounted<Record<string, unknown>>
const mount = (more: Record<string, unknown> = {}): void => {
  view = mountView(DataTable, {
    columns,
    rows,
    label: 'Runs',
    rowKey: ({ name }: Row) => name,
    ...more
  })
}
const shownNames = (): string[] =>
  [...view.root.querySelectorAll('tbody tr:not([aria-hidden])')].map((row) =>
    row.querySelector('td:not(.box)')!.textContent!.trim()
  )
const press = async (key: string, held: KeyboardEventInit = {}): Promise<void> => {
  view.the('.scroller').dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...held }))
  await nextTick()
}
const title = (text: string): HTMLButtonElement =>
  [...view.root.querySelectorAll<HTMLButtonElement>('th button')].find((one) =>
    one.textContent!.includes(text)
  )!

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
})
afterEach(() => {
  view.unmount()
  localStorage.clear()
})

describe('the table', () => {
  it('sorts by a click on a title, says so, and remembers it', async () => {
    mount()
    expect(shownNames()).toEqual(['b', 'a', 'c'])
    title('Time').click()
    await nextTick()
    expect(shownNames()).toEqual(['a', 'b', 'c'])
    title('Time').click()
    await nextTick()
    expect(shownNames()).toEqual(['c', 'b', 'a'])
    expect(title('Time').parentElement!.getAttribute('aria-sort')).toBe('descending')
    view.unmount()
    mount()
    expect(shownNames()).toEqual(['c', 'b', 'a'])
  })

  it('hides a column but never the last one, and ignores damaged memory', async () => {
    localStorage.setItem('bitbench.table.Runs', '{"switched": 5, "sort": [')
    mount()
    const box = (text: string): HTMLButtonElement =>
      [...view.root.querySelectorAll<HTMLButtonElement>('[role=checkbox]')].find((one) =>
        one.textContent!.includes(text)
      )!
    box('Name').click()
    await nextTick()
    expect([...view.root.querySelectorAll('th')].map((cell) => cell.textContent!.trim())).toEqual(['Time'])
    expect(box('Time').disabled).toBe(true)
    box('Name').click()
    await nextTick()
    expect(view.root.querySelectorAll('th')).toHaveLength(2)
  })

  it('walks by arrow keys in the order that is shown and opens each row', async () => {
    const opened: string[] = []
    mount({ selectable: true, selectedKey: 'b', onSelect: ({ name }: Row) => opened.push(name) })
    title('Time').click()
    await nextTick()
    await press('ArrowDown')
    await press('Home')
    await press('End')
    expect(opened).toEqual(['c', 'a', 'c'])
  })

  it('marks by box and keys and pins what is marked on top', async () => {
    mount({ multiple: true })
    await press('ArrowDown')
    await press('ArrowDown', { shiftKey: true })
    expect(view.text()).toContain('2 rows marked')
    await press('Escape')
    expect(view.text()).not.toContain('marked')
    const boxes = view.root.querySelectorAll<HTMLInputElement>('tbody input')
    boxes[2]!.click()
    await nextTick()
    view.button('Pin').click()
    await nextTick()
    expect(shownNames()).toEqual(['c', 'b', 'a'])
    view.button('Unpin').click()
    await nextTick()
    expect(shownNames()).toEqual(['b', 'a', 'c'])
  })

  it('forgets marks of rows that went', async () => {
    mount({ multiple: true })
    await press('a', { ctrlKey: true })
    expect(view.text()).toContain('3 rows marked')
    await view.set({ rows: rows.slice(0, 1) })
    await nextTick()
    expect(view.text()).toContain('1 row marked')
  })

  it('draws only the rows in sight of 100,000', () => {
    mount({
      rows: Array.from({ length: 100_000 }, (_, at) => ({ name: String(at), time: at })),
      heightPx: 260
    })
    expect(view.root.querySelector('table')!.getAttribute('aria-rowcount')).toBe('100000')
    expect(view.root.querySelector('[aria-rowindex]')!.getAttribute('aria-rowindex')).toBe('1')
    expect(shownNames().length).toBeLessThan(60)
    expect(shownNames()[0]).toBe('0')
  })

  it('sizes a column by keys, keeps its width, and gives back the usual ones', async () => {
    mount()
    const head = (): HTMLElement => title('Name').closest('th')!
    const size = async (key: string, held: KeyboardEventInit): Promise<void> => {
      title('Name').dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...held }))
      await nextTick()
    }
    await size('ArrowRight', {})
    expect(head().style.width).toBe('')
    // Nothing is laid out here, so every width begins at 0 px; a column has at least 40.
    await size('ArrowRight', { shiftKey: true })
    expect(head().style.width).toBe('40px')
    expect(view.root.querySelector<HTMLElement>('tbody td.sized')!.style.maxWidth).toBe('40px')
    view.unmount()
    mount()
    expect(head().style.width).toBe('40px')
    view.button('Usual widths').click()
    await nextTick()
    expect(head().style.width).toBe('')
    expect(view.root.querySelector('.sized')).toBeNull()
  })

  it('sizes a column by its edge', async () => {
    mount()
    const edge = title('Time').closest('th')!.querySelector<HTMLElement>('.edge')!
    edge.setPointerCapture = () => undefined
    edge.dispatchEvent(new PointerEvent('pointermove', { clientX: 90, bubbles: true }))
    edge.dispatchEvent(new PointerEvent('pointerdown', { clientX: 100, button: 0, bubbles: true }))
    edge.dispatchEvent(new PointerEvent('pointermove', { clientX: 350, bubbles: true }))
    edge.dispatchEvent(new PointerEvent('pointerup', { bubbles: true }))
    edge.dispatchEvent(new PointerEvent('pointermove', { clientX: 900, bubbles: true }))
    await nextTick()
    expect(title('Time').closest('th')!.style.width).toBe('250px')
    // The other columns have no use for the room that is left.
    expect(
      view.root.querySelectorAll('tbody tr:not([aria-hidden])')[0]!.querySelector('.rest')
    ).not.toBeNull()
  })
})
