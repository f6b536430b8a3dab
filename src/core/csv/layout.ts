import { AppError } from '../../shared/errors'
import { nextCell } from './cells'

/** Where a table begins and how its cells are separated. */
export interface Layout {
  /** The file with its line ends as LF. */
  text: string
  names: string[]
  /** Character code between cells. */
  delimiter: number
  /** Offset of the first character behind the header, and its line number counted from 1. */
  end: number
  line: number
  headerLine: number
  /** The header as it stands in the file, by which a repeated one is recognised. */
  headerText: string
}

const byteOrderMark = '\ufeff'
const delimiters = [',', ';', '\t', '|']

/**
 * Finds the header of a table: behind a byte order mark, blank lines, `#` comments and Excel's `sep=` line, with any line
 * ends; as the last comment where numbers follow at once (numpy.savetxt writes its header so); between blanks where no
 * other delimiter is used.
 *
 * @throws data.invalid when there is none
 */
export function readLayout(content: string, fileName: string): Layout {
  const text = withLineFeeds(content.startsWith(byteOrderMark) ? content.slice(1) : content)
  let start = 0
  let line = 1
  let given: string | undefined
  let comment: { text: string; line: number } | undefined
  for (; start < text.length; line++) {
    const end = lineEnd(text, start)
    const content = text.slice(start, end).trim()
    if (isComment(text, start)) comment = { text: content.replace(/^#+/, '').trim(), line }
    const separator = givenSeparator(content)
    if (separator !== undefined) given = separator
    else if (content !== '' && !isComment(text, start)) break
    start = end + 1
  }
  if (start >= text.length) {
    throw new AppError('data.invalid', `${fileName} is empty or holds comments alone.`, 'Give a profile CSV.')
  }
  const headerText = text.slice(start, lineEnd(text, start)).trimEnd()
  if (given === undefined && isSeparatedByBlanks(headerText)) return readLayout(withTabs(text), fileName)
  const delimiter = (given ?? mostFrequentDelimiter(headerText)).charCodeAt(0)
  const commented = comment === undefined ? null : namesAbove(headerText, delimiter, comment.text)
  if (commented !== null)
    return { text, names: commented, delimiter, end: start, line, headerLine: comment!.line, headerText: '#' }
  const names: string[] = []
  for (let at = start; ;) {
    const cell = nextCell(text, at, delimiter)
    names.push(text.slice(cell.start, cell.end).trim())
    at = cell.next
    if (cell.last) return { text, names, delimiter, end: at, line: line + 1, headerLine: line, headerText }
  }
}

/** What Excel's `sep=` line names, a tab where trimming took it; undefined for other lines. */
export function givenSeparator(line: string): string | undefined {
  const separator = /^"?sep=(.)"?$/i.exec(line)?.[1]
  return separator ?? (/^sep=$/i.test(line) ? '\t' : undefined)
}

/** Whether a line of the table is a comment: the first sign that is no blank is `#`. */
export function isComment(text: string, at: number): boolean {
  let first = at
  while (text.charCodeAt(first) === 32 || text.charCodeAt(first) === 9) first++
  return text.charCodeAt(first) === 35
}

/** Whether a row holds nothing but delimiters, as spreadsheets write rows that were emptied. */
export function isEmptyRow(text: string, at: number, delimiter: number): boolean {
  if (text.charCodeAt(at) !== delimiter) return false
  const end = lineEnd(text, at)
  for (let place = at; place < end; place++) {
    const code = text.charCodeAt(place)
    if (code !== delimiter && code !== 32 && code !== 9 && code !== 13) return false
  }
  return true
}

/** The names that a comment gives to the numbers below it; null when they are no numbers, or differ in count. */
function namesAbove(row: string, delimiter: number, comment: string): string[] | null {
  const cells = row.split(String.fromCharCode(delimiter)).map((cell) => cell.trim())
  if (!cells.every((cell) => cell !== '' && Number.isFinite(Number(cell)))) return null
  const names = (
    isSeparatedByBlanks(comment) ? comment.split(/[ \t]+/) : comment.split(mostFrequentDelimiter(comment))
  ).map((name) => name.trim())
  return names.length === cells.length && names.every((name) => /[a-z]/i.test(name)) ? names : null
}

const isSeparatedByBlanks = (line: string): boolean =>
  !/[,;|\t"]/.test(line) && line.trim().split(/ +/).length >= 3

/** A table between blanks, with one tab for each run of them. */
function withTabs(text: string): string {
  return text
    .split('\n')
    .map((line) => (isComment(line, 0) ? line : line.trim().replaceAll(/[ \t]+/g, '\t')))
    .join('\n')
}

/** Offset of the line feed that ends the line, or of the end of the text. */
export function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', at)
  return found < 0 ? text.length : found
}

/** Files of old Macs end lines with a carriage return alone. */
function withLineFeeds(text: string): string {
  return !text.includes('\n') && text.includes('\r') ? text.replaceAll('\r', '\n') : text
}

/** The sign between cells that a line has most often: comma, semicolon, tab or bar. */
export function mostFrequentDelimiter(line: string): string {
  const counts = delimiters.map((delimiter) => line.split(delimiter).length)
  return delimiters[counts.indexOf(Math.max(...counts))]
}
