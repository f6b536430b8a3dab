// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { columnRange, sizeAfterKey } from '@renderer/components/panes/paneRange'
import PaneHeight from '@renderer/components/panes/PaneHeight.vue'
import DataTable from '@renderer/components/table/DataTable.vue'
import { usePanes } from '@renderer/stores/window/panes'
import { mountView, type Mounted } from '../mountView'

describe('the room of two columns', () => {
  it('leaves both their least width, and no choice where that is all there is', () => {
    expect(columnRange(1000, 360)).toEqual({ min: 36, max: 64 })
    expect(columnRange(720, 360)).toEqual({ min: 50, max: 50 })
    expect(columnRange(100, 360)).toEqual({ min: 50, max: 50 })
    // 36.09 %: rounded up, or the left one would be too narrow.
    expect(columnRange(997.5, 360)).toEqual({ min: 37, max: 63 })
  })

  it('leaves each its own least width where they differ', () => {
    expect(columnRange(1250, 700, 400)).toEqual({ min: 56, max: 68 })
    expect(columnRange(1100, 700, 400)).toEqual({ min: 64, max: 64 })
    expect(columnRange(0, 700, 400)).toEqual({ min: 64, max: 64 })
  })
})

describe('keys on a separator', () => {
  const column = { size: 50, step: 2, range: { min: 36, max: 64 }, isVertical: true }
  const forward = { ...column, grows: 'forward' as const }
  const key = (name: string, shiftKey = false) => ({ key: name, shiftKey })

  it('move it by steps inside its range', () => {
    expect(sizeAfterKey(key('ArrowRight'), forward)).toBe(52)
    expect(sizeAfterKey(key('ArrowLeft', true), forward)).toBe(40)
    expect(sizeAfterKey(key('ArrowRight', true), { ...forward, size: 60 })).toBe(64)
    expect(sizeAfterKey(key('Home'), forward)).toBe(36)
    expect(sizeAfterKey(key('End'), forward)).toBe(64)
  })

  it('grow a pane behind it the other way, give a size back, and leave other keys alone', () => {
    expect(sizeAfterKey(key('ArrowLeft'), { ...column, grows: 'backward' })).toBe(52)
    expect(sizeAfterKey(key('Enter'), forward)).toBeNull()
    expect(sizeAfterKey(key('ArrowDown'), forward)).toBeUndefined()
    expect(sizeAfterKey(key('ArrowDown'), { ...forward, isVertical: false })).toBe(52)
    expect(sizeAfterKey(key('Tab'), forward)).toBeUndefined()
  })
})

describe('a height that is changed', () => {
  let view: Mounted<Record<string, unknown>>
  beforeEach(() => {
    localStorage.clear()
    setActivePinia(createPinia())
  })
  afterEach(() => view.unmount())
  const separator = (): HTMLElement => view.the('[role=separator]')
  const press = async (key: string): Promise<void> => {
    separator().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
    await nextTick()
  }

  it('is announced and kept by its name; Enter gives it back', async () => {
    usePanes().resize('console', 300)
    view = mountView(PaneHeight, { name: 'console', label: 'Height of the console' })
    const attribute = (name: string): string | null => separator().getAttribute(name)
    expect(attribute('aria-orientation')).toBe('horizontal')
    expect(attribute('aria-valuenow')).toBe('300')
    expect(attribute('aria-valuemin')).toBe('120')
    expect(attribute('aria-valuetext')).toBe('300 px')
    expect(view.root.querySelector(`#${CSS.escape(attribute('aria-controls')!)}`)).not.toBeNull()
    await press('ArrowDown')
    expect(usePanes().sizes).toEqual({ console: 316 })
    expect(view.the('.box').style.height).toBe('316px')
    await press('Enter')
    expect(usePanes().sizes).toEqual({})
    expect(view.the('.box').style.height).toBe('')
  })

  it('of a table reaches from a few rows to all of them', async () => {
    const rows = Array.from({ length: 40 }, (_, at) => at)
    const columns = [{ title: 'Row', text: (row: number) => String(row) }]
    const rowKey = (row: number): number => row
    view = mountView(DataTable, { columns, rows, label: 'Runs', rowKey, heightPx: 260 })
    expect(view.the('.scroller').style.maxHeight).toBe('260px')
    await press('End')
    // 40 rows of 26 px, 28 px of head, 16 px of scroll bar.
    expect(view.the('.scroller').style.maxHeight).toBe('1084px')
    await press('Home')
    expect(view.the('.scroller').style.maxHeight).toBe('120px')
    expect(usePanes().sizes).toEqual({ 'table Runs': 120 })
  })
})
