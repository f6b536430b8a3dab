import type { CsvValue } from '@shared/csvLine'
import { toCsv } from '../files/csv'

/** One point of a chart: x is a name on an axis of names. `upper` is the other end of an interval bar. */
export interface PlotRow {
  series: string
  x: number | string
  y: number
  upper: number | null
}

/** A part of the plane, in values of the axes; on an axis of names, in their positions. */
export interface PlotWindow {
  x: [number, number]
  y: [number, number]
}

interface Axis {
  type?: string
  name?: string
  data?: string[]
}
interface Series {
  name?: string
  data?: unknown
  dimensions?: string[]
  stack?: string
}

/** The axes of an option with one grid. */
export function axesOf(option: Record<string, unknown>): { x: Axis; y: Axis } {
  return { x: option['xAxis'] ?? {}, y: option['yAxis'] ?? {} }
}

/** Every point that a chart draws; stacked series (spreads) are left out, for their values are no coordinates. */
export function plotRows(option: Record<string, unknown>, window: PlotWindow | null = null): PlotRow[] {
  const names = axesOf(option).x.data
  const rows: PlotRow[] = []
  for (const [at, series] of ((option['series'] ?? []) as Series[]).entries()) {
    if (series.stack !== undefined) continue
    for (const [x, y, upper] of coordinates(series)) {
      if (!Number.isFinite(x) || !Number.isFinite(y) || !isInside(window, x, y)) continue
      rows.push({
        series: series.name ?? `line ${at + 1}`,
        x: names === undefined ? x : (names[x] ?? x),
        y: y,
        upper: upper ?? null
      })
    }
  }
  return rows
}

function isInside(window: PlotWindow | null, x: number, y: number): boolean {
  if (window === null) return true
  return x >= window.x[0] && x <= window.x[1] && y >= window.y[0] && y <= window.y[1]
}

function* coordinates({ data, dimensions }: Series): Generator<number[]> {
  if (ArrayBuffer.isView(data)) {
    const flat = data as Float64Array
    const width = dimensions?.length ?? 2
    for (let at = 0; at + width <= flat.length; at += width) yield [...flat.subarray(at, at + width)]
    return
  }
  for (const [index, entry] of ((data ?? []) as unknown[]).entries()) {
    const value = typeof entry === 'object' && entry !== null && 'value' in entry ? entry.value : entry
    if (Array.isArray(value)) yield value as number[]
    else if (typeof value === 'number') yield [index, value]
  }
}

/** Returns a chart's points as CSV, named by its axes. */
export function plotCsv(option: Record<string, unknown>, window: PlotWindow | null): string {
  const rows = plotRows(option, window)
  const { x, y } = axesOf(option)
  const withUpper = rows.some(({ upper }) => upper !== null)
  const header = ['series', x.name || 'x', y.name || 'y', ...(withUpper ? ['upper end'] : [])]
  return toCsv(
    header,
    rows.map((row): CsvValue[] => [row.series, row.x, row.y, ...(withUpper ? [row.upper] : [])])
  )
}
