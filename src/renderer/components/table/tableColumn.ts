import { isShare, scoreText, scoreTitle, type ScoreName } from '@shared/score'
import { formatDateTime, formatErrorPercent, unavailable } from '@shared/units'
import type { CsvValue } from '@shared/csvLine'

/** What a row is known by, whatever the order. */
export type RowKey = string | number

/** What a cell is sorted and filtered by; null is unknown. */
export type CellValue = string | number | null

interface ColumnLook<R> {
  title: string
  text: (row: R) => string
  /** CSS width. */
  width?: string
  code?: boolean
  /** Takes the room that is left; text that does not fit ends in dots and is shown in full as the title. */
  grow?: boolean
  /** Shown greyed: a figure that must not be read alone. */
  faint?: boolean
  /** Shown bold: the figure that decides. */
  strong?: boolean
  /** Small and dim behind the text: an interval, a remark. */
  note?: (row: R) => string | null
  /** What a pointer over the cell shows; absent: the text. */
  detail?: (row: R) => string
  /** True where the figure must not be quoted: struck through. */
  invalid?: (row: R) => boolean
  /** Explains the column where a pointer rests on its title. */
  hint?: string
  /** Not shown until it is chosen. */
  hidden?: boolean
  /** Unit of `value`, for the header of a CSV. */
  unit?: string
  /** What a CSV holds; absent: the value. */
  exported?: (row: R) => CsvValue
}

/**
 * A column. A column of figures must state its `value` in the unit that `unit` names (shares in %): its text ("1.2 k") can neither
 * be sorted nor compared. Columns of words are sorted by their text.
 */
export type TableColumn<R> = ColumnLook<R> &
  ({ align?: undefined; value?: (row: R) => CellValue } | { align: 'right'; value: (row: R) => CellValue })

/** What a row has in a column, for sorting, filtering and export; the dash and what is no finite number are unknown. */
export function cellValue<R>(column: TableColumn<R>, row: R): CellValue {
  const value = column.value === undefined ? column.text(row) : column.value(row)
  if (value === unavailable) return null
  return typeof value === 'number' && !Number.isFinite(value) ? null : value
}

/** A column of times: shown in local time, sorted by time, exported as ISO 8601 in UTC. */
export function dateColumn<R>(
  title: string,
  atMs: (row: R) => number | null,
  width = '150px'
): TableColumn<R> {
  return {
    ...{ title, width, value: atMs },
    text: (row) => {
      const at = atMs(row)
      return at === null ? unavailable : formatDateTime(at)
    },
    exported: (row) => {
      const at = atMs(row)
      return at === null ? null : new Date(at).toISOString()
    }
  }
}

/** A column of scores under the metric's name: sorted and exported in % where the metric is a share, else as they are. */
export function scoreColumn<R>(metric: ScoreName, scoreOf: (row: R) => number | null): TableColumn<R> {
  const inPercent = isShare(metric)
  return {
    title: scoreTitle(metric),
    text: (row) => scoreText(metric, scoreOf(row)),
    value: (row) => (inPercent ? percentOf(scoreOf(row)) : scoreOf(row)),
    unit: inPercent ? '%' : '',
    align: 'right'
  }
}

/** A column of errors in percent; null or absent is unknown. */
export function errorColumn<R>(title: string, of: (row: R) => number | null | undefined): TableColumn<R> {
  return {
    ...{ title, unit: '%', align: 'right' },
    text: (row) => formatErrorPercent(of(row)),
    value: (row) => of(row) ?? null
  }
}

/** A share (0..1) as a number of percent; null stays null. */
export const percentOf = (share: number | null | undefined): number | null =>
  share === null || share === undefined ? null : 100 * share
