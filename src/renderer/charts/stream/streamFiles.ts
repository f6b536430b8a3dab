import { toCsv } from '../files/csv'
import type { Trace } from './trace'

/** Returns a trace as CSV, times in s under the heading `time`. */
export function traceCsv(
  { timesMs, values, low, high }: Trace,
  name: string,
  unit: string,
  time = 'time (s)'
): string {
  const columns = [name, ...(low ? ['min'] : []), ...(high ? ['max'] : [])]
  const rows = Array.from(timesMs, (timeMs, at) => [
    timeMs / 1000,
    values[at] ?? null,
    ...(low ? [low[at] ?? null] : []),
    ...(high ? [high[at] ?? null] : [])
  ])
  return toCsv([time, ...columns.map((column) => `${column} (${unit})`)], rows)
}
