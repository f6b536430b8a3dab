import type { TableSort } from './arrangeRows'
import { columnPx } from './columnWidths'

/** What a table looks like the next time: columns that were switched, and the order. */
export interface TableLooks {
  /** Titles whose column is shown or hidden against its default. */
  switched: string[]
  sort: TableSort | null
  /** px by title of the columns that were sized by hand. */
  widths: Record<string, number>
}

const keyOf = (label: string): string => `bitbench.table.${label}`

/** Looks that were kept in this browser; those of a damaged or absent entry are the defaults. */
export function recallLooks(label: string): TableLooks {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(label)) ?? '{}') as Partial<TableLooks>
    const switched = Array.isArray(kept.switched)
      ? kept.switched.filter((one) => typeof one === 'string')
      : []
    const sort =
      typeof kept.sort?.title === 'string'
        ? { title: kept.sort.title, descending: kept.sort.descending === true }
        : null
    return { switched, sort, widths: widthsOf(kept.widths) }
  } catch {
    return { switched: [], sort: null, widths: {} }
  }
}

function widthsOf(kept: unknown): Record<string, number> {
  if (typeof kept !== 'object' || kept === null) return {}
  const found = Object.entries(kept).filter(([, px]) => Number.isFinite(px))
  return Object.fromEntries(found.map(([title, px]) => [title, columnPx(px as number)]))
}

/** Keeps looks; a browser that keeps nothing loses them with the page. */
export function keepLooks(label: string, looks: TableLooks): void {
  try {
    const isUsual =
      looks.switched.length === 0 && looks.sort === null && Object.keys(looks.widths).length === 0
    if (isUsual) localStorage.removeItem(keyOf(label))
    else localStorage.setItem(keyOf(label), JSON.stringify(looks))
  } catch {
    // Storage is full or forbidden: the table works without it.
  }
}
