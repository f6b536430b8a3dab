import type { Dimension } from './metrics'

/**
 * One cell of nvidia-smi's CSV. Either a number in the dimension's house unit (W, MHz, %, bytes, degrees C, mask) or
 * the reason why there is none, in nvidia-smi's own words.
 */
export type SmiCell = { value: number } | { reason: string }

/** Factor from a printed unit to the house unit of its dimension. */
const units: Record<Dimension, Readonly<Record<string, number>>> = {
  power: { w: 1, mw: 1e-3, kw: 1e3 },
  frequency: { mhz: 1, ghz: 1e3, khz: 1e-3, hz: 1e-6 },
  percent: { '%': 1 },
  memory: { b: 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, kb: 1000, mb: 1000 ** 2, gb: 1000 ** 3 },
  temperature: { c: 1, '°c': 1 },
  mask: {}
}

const numberWithUnit = /^([+-]?\d+(?:\.\d+)?)\s*([^\d\s.,]*)$/
const hexMask = /^0x[0-9a-f]{1,16}$/i

/**
 * Reads one cell. `headerUnit` is the unit in the column's header ("W"), used where the value itself carries none
 * (nounits); null when the header has none, which is how nvidia-smi heads temperatures.
 *
 * `[N/A]`, `[Not Supported]`, `[Unknown Error]`, `ERR!`, `[GPU is lost]` and whatever else is no number becomes a
 * reason, never 0. A number in a unit this table does not know is unavailable too: a wrong scale is worse than none.
 */
export function parseCell(text: string, dimension: Dimension, headerUnit: string | null): SmiCell {
  const trimmed = text.trim()
  if (trimmed === '') return { reason: 'empty' }
  if (dimension === 'mask') {
    return hexMask.test(trimmed) ? { value: Number(trimmed) } : { reason: trimmed }
  }
  const match = numberWithUnit.exec(trimmed)
  if (match === null) return { reason: trimmed }
  const unit = (match[2] === '' ? (headerUnit ?? '') : match[2]).toLowerCase()
  const factor = unit === '' ? 1 : units[dimension][unit]
  if (factor === undefined) return { reason: `unknown unit in "${trimmed}"` }
  // A memory size without any unit would be anybody's guess; the others have one documented unit.
  if (unit === '' && dimension === 'memory') return { reason: `no unit in "${trimmed}"` }
  return { value: Number(match[1]) * factor }
}

const stamp = /^(\d{4})\/(\d{2})\/(\d{2}) (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/

/**
 * nvidia-smi's local wall-clock text ("2026/10/25 02:59:59.950") as milliseconds of an unzoned calendar: differences
 * are right except across a jump of the wall clock, which SampleClock finds. Null when it is no timestamp.
 */
export function parseWallClock(text: string): number | null {
  const match = stamp.exec(text.trim())
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number
  ]
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return null
  const fractionMs = match[7] === undefined ? 0 : Number(`0.${match[7]}`) * 1000
  return Date.UTC(year, month - 1, day, hour, minute, second) + fractionMs
}
