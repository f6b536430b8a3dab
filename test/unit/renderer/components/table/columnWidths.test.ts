import { describe, expect, it } from 'vitest'
import { columnPx, fittingPx, widthAfterKey } from '@renderer/components/table/columnWidths'
import type { TableColumn } from '@renderer/components/table/tableColumn'

/** 10 px a letter. */
const measure = (text: string): number => 10 * text.length

describe('width of a column', () => {
  it('stays within what can be taken hold of and what a screen shows', () => {
    expect([-5, 39, 120.4, 90_000].map(columnPx)).toEqual([40, 40, 120, 2000])
  })

  it('changes by Shift and the arrow keys alone', () => {
    expect(widthAfterKey({ key: 'ArrowRight', shiftKey: true }, 100)).toBe(116)
    expect(widthAfterKey({ key: 'ArrowLeft', shiftKey: true }, 50)).toBe(40)
    expect(widthAfterKey({ key: 'ArrowLeft', shiftKey: false }, 100)).toBeUndefined()
    expect(widthAfterKey({ key: 'Enter', shiftKey: true }, 100)).toBeUndefined()
  })

  it('fits the longest text with its note, or its title with the arrow of the order', () => {
    const rows = ['a name', 'a much longer name', '']
    const column: TableColumn<string> = { title: 'Run', text: (row) => row }
    const room = { paddingPx: 16, isBelow: false }
    expect(fittingPx(column, rows, measure, room)).toBe(180 + 18)
    expect(fittingPx(column, [], measure, room)).toBe(50 + 18)
    const noted = { ...column, note: (row: string) => (row === 'a name' ? 'and a remark of it' : null) }
    expect(fittingPx(noted, rows, measure, room)).toBe(60 + 180 + 8 + 18)
    expect(fittingPx(noted, rows, measure, { ...room, isBelow: true })).toBe(180 + 18)
  })
})
