import { AppError } from '../../../shared/errors'
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
 * Finds the header of a table: behind a byte order mark, blank lines, `#` comments (numpy.savetxt) and Excel's `sep=`
 * line, with any line ends.
 *
 * @throws data.invalid when there is none
 */
export function readLayout(content: string, fileName: string): Layout {
  const text = withLineFeeds(content.startsWith(byteOrderMark) ? content.slice(1) : content)
  let start = 0
  let line = 1
  let given: string | undefined
  for (; start < text.length; line++) {
    const end = lineEnd(text, start)
    const content = text.slice(start, end).trim()
    const separator = /^"?sep=(.)"?$/i.exec(content)?.[1]
    // A tab behind `sep=` is lost by trim.
    if (separator !== undefined || /^sep=\t?$/i.test(content)) given = separator ?? '\t'
    else if (content !== '' && !isComment(text, start)) break
    start = end + 1
  }
  if (start >= text.length) {
    throw new AppError('data.invalid', `${fileName} is empty or holds comments alone.`, 'Give a profile CSV.')
  }
  const headerText = text.slice(start, lineEnd(text, start)).trimEnd()
  const delimiter = (given ?? mostFrequent(headerText)).charCodeAt(0)
  const names: string[] = []
  for (let at = start; ;) {
    const cell = nextCell(text, at, delimiter)
    names.push(text.slice(cell.start, cell.end).trim())
    at = cell.next
    if (cell.last) return { text, names, delimiter, end: at, line: line + 1, headerLine: line, headerText }
  }
}

/** Whether a line of the table is a comment. */
export const isComment = (text: string, at: number): boolean => text.charCodeAt(at) === 35

/** Offset of the line feed that ends the line, or of the end of the text. */
export function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', at)
  return found < 0 ? text.length : found
}

/** Files of old Macs end lines with a carriage return alone. */
function withLineFeeds(text: string): string {
  return !text.includes('\n') && text.includes('\r') ? text.replaceAll('\r', '\n') : text
}

function mostFrequent(line: string): string {
  const counts = delimiters.map((delimiter) => line.split(delimiter).length)
  return delimiters[counts.indexOf(Math.max(...counts))]
}
