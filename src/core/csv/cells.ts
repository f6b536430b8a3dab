const [tab, lineFeed, carriageReturn, space, quote] = [9, 10, 13, 32, 34]

/** A cell of CSV text, as offsets [start, end) in it. */
export interface CsvCell {
  start: number
  end: number
  /** Offset behind the delimiter or line feed. */
  next: number
  /** Whether the line ends after this cell. */
  last: boolean
}

const cell: CsvCell = { start: 0, end: 0, next: 0, last: false }

/** Finds the next cell; the returned record is reused by the next call. */
export function nextCell(text: string, from: number, delimiter: number): CsvCell {
  const length = text.length
  let at = from
  // `1, "2"`: blanks before a quote belong to no cell.
  if (text.charCodeAt(at) === space) {
    let behind = at
    while (text.charCodeAt(behind) === space) behind++
    if (text.charCodeAt(behind) === quote) at = behind
  }
  if (text.charCodeAt(at) === quote) {
    const close = text.indexOf('"', at + 1)
    cell.start = at + 1
    cell.end = close < 0 ? length : close
    at = close < 0 ? length : close + 1
    while (at < length && text.charCodeAt(at) !== delimiter && text.charCodeAt(at) !== lineFeed) at++
  } else {
    cell.start = at
    let code = 0
    while (at < length && (code = text.charCodeAt(at)) !== delimiter && code !== lineFeed) at++
    cell.end = at
    if (at > from && text.charCodeAt(at - 1) === carriageReturn && (at >= length || code === lineFeed))
      cell.end--
  }
  cell.last = at >= length || text.charCodeAt(at) === lineFeed
  cell.next = at + 1
  return cell
}

/** How numbers are written: `1.234,5` has decimal `,` and thousands `.`. */
export interface NumberFormat {
  decimal: '.' | ','
  thousands: '.' | ',' | null
  /** Nothing but habits supports it: three digits behind every mark may be thousands as well. */
  isHabit?: true
}

/** 1234.5 */
export const plainFormat: NumberFormat = { decimal: '.', thousands: null }

/** Numbers with marks of thousands: three digits behind each, and a fraction with the other mark. */
export const groupsOfThree: Readonly<Record<'.' | ',', RegExp>> = {
  '.': /^[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?$/,
  ',': /^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/
}

/** Blanks, apostrophes and underscores between groups of three digits; no country writes a fraction so. */
const groupsBySign = /^[+-]?[1-9]\d{0,2}([ \u00a0\u2009\u202f'\u2019_]\d{3})+([.,]\d*)?$/
const groupSign = /[ \u00a0\u2009\u202f'\u2019_]/g

/**
 * Digits are read in place; anything else goes through Number. NaN for an empty cell, for text, and for marks of
 * thousands without three digits behind them: 8.0 is not 80.
 */
export function readNumber(text: string, from: number, to: number, format: NumberFormat): number {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  if (start === end) return NaN
  let value = 0
  if (end - start <= 15) {
    let at = start
    for (; at < end; at++) {
      const digit = text.charCodeAt(at) - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at === end) return value
  }
  let cellText = text.slice(start, end)
  if (groupsBySign.test(cellText)) cellText = cellText.replace(groupSign, '')
  if (format.thousands !== null && cellText.includes(format.thousands)) {
    if (!groupsOfThree[format.thousands].test(cellText)) return NaN
    cellText = cellText.replaceAll(format.thousands, '')
  }
  if (format.decimal === ',') cellText = cellText.replace(',', '.')
  return /^[+-]?(\d|\.\d|inf|nan)/i.test(cellText) && !/^0[xob]/i.test(cellText) ? Number(cellText) : NaN
}

function isBlank(code: number): boolean {
  return code === space || code === tab || code === carriageReturn || code === 0xa0 || code === 0x202f
}
