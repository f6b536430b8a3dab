import type { RowKey } from './tableColumn'

/** The row the keyboard is at, and the rows that are marked for what is done to several. */
export interface RowSelection {
  readonly current: RowKey | null
  /** Where a range begins. */
  readonly anchor: RowKey | null
  readonly marked: ReadonlySet<RowKey>
}

/** No row is current or marked. */
export const noSelection: RowSelection = { current: null, anchor: null, marked: new Set() }

/** A click: alone it goes to the row, with Ctrl it marks or unmarks it, with Shift it marks all from the anchor. */
export function clickRow(
  selection: RowSelection,
  keys: readonly RowKey[],
  key: RowKey,
  held: { ctrl?: boolean; shift?: boolean } = {}
): RowSelection {
  if (held.shift === true) return extendTo(selection, keys, key)
  if (held.ctrl === true) return toggleRow({ ...selection, current: key, anchor: key }, key)
  return { current: key, anchor: key, marked: new Set() }
}

/** Marks a row, or takes its mark away. */
export function toggleRow(selection: RowSelection, key: RowKey): RowSelection {
  const marked = new Set(selection.marked)
  if (!marked.delete(key)) marked.add(key)
  return { ...selection, anchor: key, marked }
}

/** Marks every row, or none when all were. */
export function toggleAll(selection: RowSelection, keys: readonly RowKey[]): RowSelection {
  const isAll = keys.length > 0 && keys.every((key) => selection.marked.has(key))
  return { ...selection, marked: new Set(isAll ? [] : keys) }
}

/** Moves by so many rows and stops at the ends; Shift marks what it passes. From nowhere it goes to the first row. */
export function moveBy(
  selection: RowSelection,
  keys: readonly RowKey[],
  step: number,
  shift = false
): RowSelection {
  if (keys.length === 0) return selection
  const at = selection.current === null ? -1 : keys.indexOf(selection.current)
  const next = at < 0 ? 0 : Math.min(keys.length - 1, Math.max(0, at + step))
  const key = keys[next]
  if (shift) return extendTo({ ...selection, anchor: selection.anchor ?? selection.current }, keys, key)
  return { ...selection, current: key, anchor: key }
}

function extendTo(selection: RowSelection, keys: readonly RowKey[], key: RowKey): RowSelection {
  const anchor = selection.anchor ?? key
  const [a, b] = [keys.indexOf(anchor), keys.indexOf(key)]
  if (b < 0) return selection
  const from = a < 0 ? b : Math.min(a, b)
  return { current: key, anchor, marked: new Set(keys.slice(from, Math.max(a, b) + 1)) }
}

/** Drops rows that are gone. */
export function keepPresent(selection: RowSelection, present: ReadonlySet<RowKey>): RowSelection {
  const kept = (key: RowKey | null): RowKey | null => (key !== null && present.has(key) ? key : null)
  return {
    current: kept(selection.current),
    anchor: kept(selection.anchor),
    marked: new Set([...selection.marked].filter((key) => present.has(key)))
  }
}
