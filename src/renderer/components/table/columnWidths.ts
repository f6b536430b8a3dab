import { withinRange } from '../panes/paneRange'
import type { TableColumn } from './tableColumn'

/** Narrowest and widest that a column can be made, px. */
const widthRange = { min: 40, max: 2000 }
/** A step of the keyboard, px. */
const stepPx = 16
/** Rows whose texts are measured at most. */
const maxMeasured = 5000

/** A width in px within what a column can be. */
export const columnPx = (px: number): number => Math.round(withinRange(px, widthRange))

/**
 * Width after a key on a column's title, in px: Shift and the arrow keys size it; undefined: the key means nothing here.
 */
export function widthAfterKey(
  { key, shiftKey }: Pick<KeyboardEvent, 'key' | 'shiftKey'>,
  px: number
): number | undefined {
  if (!shiftKey) return undefined
  if (key === 'ArrowLeft') return columnPx(px - stepPx)
  return key === 'ArrowRight' ? columnPx(px + stepPx) : undefined
}

/**
 * Width in px in which every text of a column can be read.
 * @param measure width of a text in the column's font, px
 * @param room padding of a cell, px
 * @param isBelow notes stand below their text instead of behind it
 */
export function fittingPx<R>(
  column: TableColumn<R>,
  rows: readonly R[],
  measure: (text: string) => number,
  room: { paddingPx: number; isBelow: boolean }
): number {
  const ofRow = (row: R): number => {
    const text = measure(column.text(row))
    const note = measure(column.note?.(row) ?? '')
    return room.isBelow ? Math.max(text, note) : text + (note > 0 ? note + 8 : 0)
  }
  // The arrow of the order stands behind the title.
  const head = measure(`${column.title} ▾`)
  const widest = rows.slice(0, maxMeasured).reduce((most, row) => Math.max(most, ofRow(row)), head)
  return columnPx(Math.ceil(widest) + room.paddingPx + 2)
}
