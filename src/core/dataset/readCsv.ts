import { invalidData } from './byteStream'
import { badItem, goodItem, type ReadItem } from './item'
import { placeOfSplit, unplaced } from './splitNames'
import { readNumber, type NumberFormat } from '../csv/cells'
import { givenSeparator, isComment, mostFrequentDelimiter } from '../csv/layout'
import { isMarkedNumber, numberFormats, onlyFormat } from '../csv/numberFormat'

/** How a CSV's columns are used. Names are those of the header line, or "1", "2", … without one. */
export interface CsvColumns {
  readonly names: readonly string[]
  /** Position of the class column, or null. */
  readonly label: number | null
  /** Positions of the columns to predict. */
  readonly targets: readonly number[]
  /** Position of a column that names splits, or null. */
  readonly split: number | null
  readonly features: readonly number[]
  readonly hasHeader: boolean
  readonly delimiter: string
  /** Lines of the file before the first item: comments, Excel's `sep=`, the header. */
  readonly linesBefore: number
  /** Whether a column is predicted as a number because it was found by its name and holds fractions. */
  readonly isFractions: boolean
  /** How the numbers are written, judged over all columns of features and targets. */
  readonly format: NumberFormat
}

/** Which columns of a CSV file are label, targets or unused. */
export interface CsvWishes {
  readonly label: string | null
  readonly targets: readonly string[]
  /** Columns that are not used. */
  readonly ignore: readonly string[]
  /** Whether classes are wanted, whatever the column holds. */
  readonly isClassification: boolean
}

const labelNames = ['label', 'class', 'target', 'y', 'species', 'category']
const byteOrderMark = '\uFEFF'

/** Lines of a file that decide how it is read. */
export const csvSampleLines = 1000

/** Lines by which the separator of cells is found. */
const separatorLines = 20

/**
 * Decides from the first lines (csvSampleLines of them, as they stand in the file) how a file is read: delimiter, header, which
 * column is what, and how numbers are written, by the rules of profile tables. Without a wish a column called label, class,
 * target, y, species or category is the class, else the one column that holds texts alone.
 * @throws AppError data.invalid when a wished column is not there, no feature is left, or numbers can be read in two ways
 */
export function chooseCsvColumns(firstLines: readonly string[], wishes: CsvWishes, file: string): CsvColumns {
  const { given, rows, firstAt } = rowsOf(firstLines)
  const first = rows[0]
  if (first === undefined) throw invalidData(file, 'it is empty')
  const delimiter = given ?? separatorOf(rows)
  const head = splitCsvLine(first, delimiter)
  const below = rows.length < 2 ? [] : splitCsvLine(rows[1], delimiter)
  const hasHeader =
    head.some((cell, at) => !isNumeric(cell) && (below[at] === undefined || cell !== below[at])) &&
    head.every((cell) => !isNumeric(cell))
  const names = hasHeader ? head.map((cell) => cell.trim()) : head.map((_, at) => String(at + 1))
  const repeated = names.find((name, at) => names.indexOf(name) !== at)
  if (repeated !== undefined)
    throw invalidData(file, `column "${repeated}" is there twice`, 'Rename one of them.')
  const find = (name: string): number => {
    const at = names.indexOf(name)
    if (at < 0) {
      throw invalidData(
        file,
        `it has no column "${name}"`,
        `Its columns are ${names.slice(0, 20).join(', ')}.`
      )
    }
    return at
  }
  const targets = wishes.targets.map(find)
  const ignored = wishes.ignore.map(find)
  const usual = names.findIndex((name) => labelNames.includes(name.toLowerCase()))
  const splitAt = names.findIndex((name) => name.toLowerCase() === 'split')
  const split = hasHeader && splitAt >= 0 ? splitAt : null
  const body = hasHeader ? rows.slice(1) : rows
  const isTaken = (at: number): boolean => at === split || targets.includes(at) || ignored.includes(at)
  const guessed = usual >= 0 && !isTaken(usual) ? usual : textColumnOf(body, delimiter, names, isTaken)
  const found = wishes.label !== null ? find(wishes.label) : targets.length > 0 ? null : guessed
  const isFractions =
    wishes.label === null &&
    !wishes.isClassification &&
    found !== null &&
    holdsFractions(body, delimiter, found)
  const label = isFractions ? null : found
  if (isFractions) targets.push(found)
  const features = names.map((_, at) => at).filter((at) => at !== label && !isTaken(at))
  if (features.length === 0) throw invalidData(file, 'no column is left as input')
  const format = formatOf(body, delimiter, [...features, ...targets], file)
  const linesBefore = hasHeader ? firstAt + 1 : firstAt
  return { names, label, targets, split, features, hasHeader, delimiter, linesBefore, isFractions, format }
}

/** Whether a column holds numbers alone, and one of them is not whole: no classes then. */
function holdsFractions(rows: readonly string[], delimiter: string, column: number): boolean {
  const cells = rows
    .map((line) => splitCsvLine(line, delimiter)[column]?.trim() ?? '')
    .filter((cell) => cell !== '')
  return (
    cells.every(isNumeric) && cells.some((cell) => toWhole(cell) === null && !/^-\d+([.,]0+)?$/.test(cell))
  )
}

/** The one column that holds no number in any row; null where there is none, or more than one. */
function textColumnOf(
  rows: readonly string[],
  delimiter: string,
  names: readonly string[],
  isTaken: (at: number) => boolean
): number | null {
  let open = names.map((_, at) => at).filter((at) => !isTaken(at))
  for (const line of rows) {
    const cells = splitCsvLine(line, delimiter)
    if (cells.length === names.length)
      open = open.filter((at) => cells[at].trim() !== '' && !isNumeric(cells[at]))
  }
  return rows.length > 0 && open.length === 1 ? open[0] : null
}

/** The rows among the first lines, Excel's `sep=` and the position of the first row. */
function rowsOf(lines: readonly string[]): { given: string | null; rows: string[]; firstAt: number } {
  let given: string | null = null
  let firstAt = lines.length
  const rows: string[] = []
  for (const [at, text] of lines.entries()) {
    const line = (at === 0 ? text.replace(byteOrderMark, '') : text).replace(/\r$/, '')
    const separator = givenSeparator(line)
    if (rows.length === 0 && separator !== undefined) given = separator
    else if (line.trim() !== '' && !(rows.length === 0 && isComment(line, 0))) {
      if (rows.length === 0) firstAt = at
      rows.push(line)
    }
  }
  return { given, rows, firstAt }
}

/**
 * What stands equally often in the first rows; the comma last, for beside another separator it may be the decimal mark.
 * Where nothing does, the sign that the first row has most often.
 */
function separatorOf(rows: readonly string[]): string {
  const first = rows.slice(0, separatorLines)
  const cells = (separator: string) => first.map((line) => splitCsvLine(line, separator).length)
  const even = [';', '\t', '|', ','].find((separator) => {
    const counts = cells(separator)
    return counts[0] > 1 && counts.every((count) => count === counts[0])
  })
  return even ?? mostFrequentDelimiter(first[0])
}

/** @throws AppError data.invalid where 27.648 may be a fraction as well as 27,648 */
function formatOf(
  rows: readonly string[],
  delimiter: string,
  columns: readonly number[],
  file: string
): NumberFormat {
  const text = rows.map((line) => `${line}\n`).join('')
  const layout = { text, end: 0, delimiter: delimiter.charCodeAt(0) }
  const formats = numberFormats(layout, new Map(columns.map((column) => [column, { whole: false }])))
  return onlyFormat(formats, layout.delimiter, file, {
    isHabitTaken: true,
    hint: 'Write the numbers with a decimal point and without marks of thousands, cells separated by commas.'
  })
}

/** A number in any way of writing. */
const isNumeric = (cell: string): boolean => toNumber(cell) !== null || isMarkedNumber(cell)

/** Items of the lines; a line that does not fit is named and left out. */
export async function* readCsvItems(
  lines: AsyncIterable<string>,
  columns: CsvColumns,
  file: string
): AsyncGenerator<ReadItem> {
  let number = 0
  for await (const text of lines) {
    number++
    if (number <= columns.linesBefore || text.trim() === '') continue
    const line = number === 1 ? text.replace(byteOrderMark, '') : text
    yield readCsvLine(splitCsvLine(line, columns.delimiter), columns, `${file} line ${number}`)
  }
}

function readCsvLine(cells: readonly string[], columns: CsvColumns, name: string): ReadItem {
  if (cells.length !== columns.names.length) {
    return badItem(name, `it has ${cells.length} cells where ${columns.names.length} are expected`)
  }
  const read = (positions: readonly number[]): Float32Array | string => {
    const values = new Float32Array(positions.length)
    for (const [at, position] of positions.entries()) {
      const cell = cells[position]
      const value = readNumber(cell, 0, cell.length, columns.format)
      if (!Number.isFinite(value))
        return `"${cell}" in column ${columns.names[position]} is no number${otherWriting(cell)}`
      values[at] = value
    }
    return values
  }
  const features = read(columns.features)
  if (typeof features === 'string') return badItem(name, features)
  const target = read(columns.targets)
  if (typeof target === 'string') return badItem(name, target)
  const cell = columns.label === null ? null : cells[columns.label].trim()
  if (cell === '') return badItem(name, 'its class is empty')
  const split = columns.split === null ? null : cells[columns.split].trim()
  const place = split === null ? unplaced : placeOfSplit(split)
  if (place === null) return badItem(name, `"${split}" is no split`)
  return goodItem(name, features, [features.length], {
    label: cell === null ? null : (toWhole(cell) ?? cell),
    target: target.length === 0 ? null : target,
    ...place
  })
}

/** That a number is written unlike the others; empty for other texts. */
const otherWriting = (cell: string): string =>
  isMarkedNumber(cell.trim()) ? ' as the others are written' : ''

/** RFC 4180 cells of one line; doubled quotes inside quotes are one. */
export function splitCsvLine(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.replace(/\r$/, '').split(delimiter)
  const cells: string[] = []
  let cell = ''
  let isQuoted = false
  for (let at = 0; at < line.length; at++) {
    const char = line[at]
    if (char === '"') {
      if (isQuoted && line[at + 1] === '"') cell += line[++at]
      else isQuoted = !isQuoted
    } else if (char === delimiter && !isQuoted) {
      cells.push(cell)
      cell = ''
    } else if (char !== '\r') cell += char
  }
  return [...cells, cell]
}

const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** A finite number written with a decimal point, or null. */
export function toNumber(cell: string): number | null {
  const text = cell.trim()
  if (!numberPattern.test(text)) return null
  const value = Number(text)
  return Number.isFinite(value) ? value : null
}

/** A class number, also as tables of floats have it (3.0): as texts, 10.0 would stand in front of 2.0. */
function toWhole(cell: string): number | null {
  const [, whole] = /^(\d{1,9})([.,]0+)?$/.exec(cell) ?? []
  return whole === undefined ? null : Number(whole)
}
