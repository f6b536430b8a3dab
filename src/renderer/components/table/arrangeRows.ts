import { readFilter } from './rowFilter'
import { cellValue, type CellValue, type RowKey, type TableColumn } from './tableColumn'

/** A row with what it is known by. */
export interface KeyedRow<R> {
  readonly key: RowKey
  readonly row: R
}

/** By which column rows are sorted. */
export interface TableSort {
  readonly title: string
  readonly descending: boolean
}

/** What a user made of a table. */
export interface Arrangement {
  readonly sort: TableSort | null
  readonly filter: string
  readonly pinned: ReadonlySet<RowKey>
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** Orders numbers by size and words by letter with their numbers by size; numbers come before words. */
function compareKnown(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'number') return -1
  return typeof b === 'number' ? 1 : collator.compare(a, b)
}

/**
 * The rows that are shown, in their order: those that pass the filter, sorted, and above them the pinned ones, which no
 * filter hides. Equal rows keep the order they came in; unknown values are last in both directions.
 */
export function arrangeRows<R>(
  rows: readonly KeyedRow<R>[],
  columns: readonly TableColumn<R>[],
  { sort, filter, pinned }: Arrangement
): KeyedRow<R>[] {
  const test = readFilter(filter, columns)
  const shown = test === null ? rows : rows.filter(({ key, row }) => pinned.has(key) || test(row))
  const sorted = sortRows(shown, columns, sort)
  if (pinned.size === 0) return sorted
  return [...sorted.filter(({ key }) => pinned.has(key)), ...sorted.filter(({ key }) => !pinned.has(key))]
}

function sortRows<R>(
  rows: readonly KeyedRow<R>[],
  columns: readonly TableColumn<R>[],
  sort: TableSort | null
): KeyedRow<R>[] {
  const column = columns.find(({ title }) => title === sort?.title)
  if (sort === null || column === undefined) return [...rows]
  const side = sort.descending ? -1 : 1
  return rows
    .map((entry): [KeyedRow<R>, CellValue] => [entry, cellValue(column, entry.row)])
    .sort(([, a], [, b]) => {
      if (a === null || b === null) return Number(a === null) - Number(b === null)
      return side * compareKnown(a, b)
    })
    .map(([entry]) => entry)
}

/** The sort after a click on a title: rising, falling, then as the rows came. */
export function nextSort(sort: TableSort | null, title: string): TableSort | null {
  if (sort?.title !== title) return { title, descending: false }
  return sort.descending ? null : { title, descending: true }
}
