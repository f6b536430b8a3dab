import { invalidData } from './byteStream'
import { badItem, goodItem, type ReadItem } from './item'
import { imageSplits } from '../../shared/vocabulary'
import type { ImageSplit } from '../../shared/vocabulary'

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
}

/** Which columns of a CSV file are label, targets or unused. */
export interface CsvWishes {
  readonly label: string | null
  readonly targets: readonly string[]
  /** Columns that are not used. */
  readonly ignore: readonly string[]
}

const labelNames = ['label', 'class', 'target', 'y', 'species', 'category']
const byteOrderMark = '\uFEFF'

/**
 * Decides the columns from the first lines: delimiter, header, and which column is what. Without a wish a column called
 * label, class, target, y, species or category is the class.
 * @throws AppError data.invalid when a wished column is not there or no feature is left
 */
export function chooseCsvColumns(firstLines: readonly string[], wishes: CsvWishes, file: string): CsvColumns {
  const [first, second] = firstLines.filter((line) => line.trim() !== '')
  if (first === undefined) throw invalidData(file, 'it is empty')
  const delimiter = [',', ';', '\t'].reduce((best, one) =>
    count(first, one) > count(first, best) ? one : best
  )
  const head = splitCsvLine(first.replace(byteOrderMark, ''), delimiter)
  const below = second === undefined ? [] : splitCsvLine(second, delimiter)
  const hasHeader =
    head.some((cell, at) => toNumber(cell) === null && (below[at] === undefined || cell !== below[at])) &&
    head.every((cell) => toNumber(cell) === null)
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
  const label = wishes.label !== null ? find(wishes.label) : targets.length > 0 || usual < 0 ? null : usual
  const splitAt = names.findIndex((name) => name.toLowerCase() === 'split')
  const split = hasHeader && splitAt >= 0 ? splitAt : null
  const features = names
    .map((_, at) => at)
    .filter((at) => at !== label && at !== split && !targets.includes(at) && !ignored.includes(at))
  if (features.length === 0) throw invalidData(file, 'no column is left as input')
  return { names, label, targets, split, features, hasHeader, delimiter }
}

/** Items of the lines; a line that does not fit is named and left out. */
export async function* readCsvItems(
  lines: AsyncIterable<string>,
  columns: CsvColumns,
  file: string
): AsyncGenerator<ReadItem> {
  let number = 0
  for await (const text of lines) {
    number++
    const line = number === 1 ? text.replace(byteOrderMark, '') : text
    if (line.trim() === '' || (number === 1 && columns.hasHeader)) continue
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
      const value = toNumber(cells[position])
      if (value === null)
        return `"${cells[position]}" in column ${columns.names[position]} is no number${commaHint(cells[position])}`
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
  if (split !== null && !isSplitOrTrain(split)) return badItem(name, `"${split}" is no split`)
  return goodItem(name, features, [features.length], {
    label: cell === null ? null : (toWhole(cell) ?? cell),
    target: target.length === 0 ? null : target,
    split: isSplit(split) ? split : null,
    origin: split === 'train' ? 'train' : null
  })
}

/** What to do about a number with a decimal comma; empty for other texts. */
function commaHint(cell: string): string {
  return toNumber(cell.replace(',', '.')) === null ? '' : '; write it with a decimal point'
}

/** Whether a text is the name of a split. */
export function isSplit(text: string | null): text is ImageSplit {
  return (imageSplits as readonly (string | null)[]).includes(text)
}

const isSplitOrTrain = (text: string): boolean => text === 'train' || isSplit(text)

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

function toWhole(cell: string): number | null {
  return /^\d{1,9}$/.test(cell) ? Number(cell) : null
}

function count(text: string, char: string): number {
  return text.split(char).length - 1
}
