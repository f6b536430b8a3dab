import type { Dimension } from './metrics'
import { parseCell } from './smiCell'

/** Reads the cell that lies in line[from, to); NaN when there is no value in it. */
export type CellReader = (line: string, from: number, to: number) => number

const zero = '0'.charCodeAt(0)
/** More digits than this are left to parseCell: a double holds 15 exactly. */
const maxDigits = 15
const powersOfTen = Array.from({ length: maxDigits + 1 }, (_, power) => 10 ** power)

/** The decimal digit at a place of a line; -1 where there is none. */
export function digitAt(line: string, at: number): number {
  const digit = line.charCodeAt(at) - zero
  return digit >= 0 && digit <= 9 ? digit : -1
}

/**
 * Returns a reader for the cells of one column with the values of parseCell. What stands behind a number in a column is
 * nearly always the same: it is looked up once, and numbers are then read in place. `headerUnit` as in parseCell.
 */
export function createCellReader(dimension: Dimension, headerUnit: string | null): CellReader {
  let suffix: string | null = null
  let factor = NaN
  const readWhole = (text: string): number => {
    const cell = parseCell(text, dimension, headerUnit)
    return 'value' in cell ? cell.value : NaN
  }
  const learn = (line: string, end: number, to: number): void => {
    suffix = line.slice(end, to)
    factor = readWhole(`1${suffix}`)
  }
  return (line, from, to) => {
    if (dimension === 'mask') return readWhole(line.slice(from, to))
    let at = from
    while (at < to && line[at] === ' ') at++
    const start = at
    let number = 0
    let dotAt = -1
    for (; at < to; at++) {
      const digit = digitAt(line, at)
      if (digit >= 0) number = 10 * number + digit
      else if (line[at] === '.' && dotAt < 0) dotAt = at
      else break
    }
    const fraction = dotAt < 0 ? 0 : at - dotAt - 1
    const hasDigits = dotAt < 0 ? at > start : fraction > 0 && dotAt > start
    const isPlain = hasDigits && at - start <= maxDigits && (at === to || line[at] !== '.')
    if (!isPlain) return readWhole(line.slice(from, to))
    if (suffix === null || to - at !== suffix.length || !line.startsWith(suffix, at)) learn(line, at, to)
    // Both are exact, so that the quotient is what Number() makes of the text.
    return (number / powersOfTen[fraction]) * factor
  }
}
