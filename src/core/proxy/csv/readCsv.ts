import { AppError } from '../../../shared/errors'
import { kernelSpec, type KernelName, type Work } from '../kernels'
import { noBits, type Samples, type TimeUnit } from '../samples'
import { bindColumns, type Binding } from './columns'

export interface ReadCsv {
  samples: Samples
  /** What a person should know: ignored columns, repeated rows. */
  warnings: string[]
}

export interface ReadCsvOptions {
  kernel: KernelName
  /** Shown in messages. */
  fileName: string
  /** Unit of the Time column where the file has no Unit column. Default cycles. */
  unit?: TimeUnit
  /** Take M as input features and K as output features: files whose collector wrote them so. */
  swapMatmulAxes?: boolean
  /** Files of layers to predict have no times: they are read as 1. */
  timeOptional?: boolean
}

const byteOrderMark = 0xfeff
const [tab, lineFeed, carriageReturn, space, quote] = [9, 10, 13, 32, 34]

/**
 * Reads one profile CSV (formats: matmul `N,M,K,QA,QW,Time`, conv2d `H,W,C,K,KS[,S],QA,QW,Time`, pooling
 * `C,H,W,K,S,Time`, any column order). One pass over the text without a string per cell, so that a million rows
 * take seconds. Throws data.invalid naming line and column for anything that is not a positive number in range.
 */
export function readCsv(text: string, options: ReadCsvOptions): ReadCsv {
  const spec = kernelSpec(options.kernel)
  const header = readHeader(text, options.fileName)
  const binding = bindColumns(header.names, spec, options.fileName, options.timeOptional)
  const fail = (line: number, column: string, problem: string, hint: string): never => {
    throw new AppError(
      'data.invalid',
      `${options.fileName}, line ${line}, column ${column}: ${problem}.`,
      hint,
      {
        details: { file: options.fileName, line, column }
      }
    )
  }
  const numbers = binding.slots.map(() => new GrowingColumn())
  const labels = binding.labels.map((): string[] => [])
  const slotOf = new Int32Array(header.names.length).fill(-1)
  binding.slots.forEach((slot, at) => {
    if (slot.column >= 0) slotOf[slot.column] = at
  })
  const labelOf = new Int32Array(header.names.length).fill(-1)
  binding.labels.forEach((label, at) => (labelOf[label.column] = at))

  let at = header.end
  let line = 2
  let rowCount = 0
  const length = text.length
  while (at < length) {
    const lineStart = at
    let column = 0
    let lineEnded = false
    while (!lineEnded) {
      const cell = nextCell(text, at, header.delimiter)
      const slot = column < slotOf.length ? slotOf[column] : -1
      if (slot >= 0) {
        const value = readNumber(text, cell.start, cell.end)
        const { name, kind } = binding.slots[slot]
        if (value !== value) {
          const found = text.slice(cell.start, cell.end)
          if (column === 0 && cell.last && found.trim() === '') {
            column = -1
            at = cell.next
            break
          }
          fail(line, name, `"${shorten(found)}" is not a number`, 'Correct the cell or remove the row.')
        }
        const problem = rangeProblem(kind, value)
        if (problem !== null) fail(line, name, problem, rangeHints[kind])
        numbers[slot].push(value)
      } else if (column < labelOf.length && labelOf[column] >= 0) {
        labels[labelOf[column]].push(text.slice(cell.start, cell.end))
      } else if (column === 0 && cell.last && text.slice(cell.start, cell.end).trim() === '') {
        column = -1
        at = cell.next
        break
      }
      column++
      at = cell.next
      lineEnded = cell.last
    }
    if (column >= 0) {
      if (column !== header.names.length) {
        const missing = column < header.names.length ? header.names[column] : 'beyond the last'
        fail(
          line,
          missing,
          `the row has ${column} cells, the header ${header.names.length}`,
          'Complete the row or remove it; a file that was cut while writing ends like this.'
        )
      }
      rowCount++
    }
    line += countLineFeeds(text, lineStart, at)
  }
  if (rowCount === 0) {
    throw new AppError(
      'data.invalid',
      `${options.fileName} has a header but no rows.`,
      'Export the profile again, or give another file.'
    )
  }
  return assemble(binding, numbers, labels, rowCount, options)
}

function assemble(
  binding: Binding,
  numbers: GrowingColumn[],
  labels: string[][],
  count: number,
  options: ReadCsvOptions
): ReadCsv {
  const { kernel, fileName } = options
  const spec = kernelSpec(kernel)
  const warnings = [...binding.warnings]
  const column = (name: string, absent: number): Float64Array => {
    const at = binding.slots.findIndex((slot) => slot.name === name)
    const values = at >= 0 && binding.slots[at].column >= 0 ? numbers[at].toArray() : new Float64Array(count)
    if (at < 0 || binding.slots[at].column < 0) values.fill(absent)
    return values
  }
  const dims = spec.dims.map((dimension) => column(dimension.name, dimension.absent ?? 1))
  if (options.swapMatmulAxes === true) {
    if (kernel !== 'matmul') {
      throw new AppError(
        'input.invalid',
        `Axes of ${kernel} cannot be swapped.`,
        'Swap axes of matmul files only.'
      )
    }
    ;[dims[1], dims[2]] = [dims[2], dims[1]]
    warnings.push(`${fileName}: M is taken as input features and K as output features.`)
  }
  const labelMap = Object.fromEntries(binding.labels.map((label, at) => [label.name, labels[at]]))
  const unitText = labelMap['Unit']?.[0]?.toLowerCase()
  const unit: TimeUnit =
    unitText === 'instructions' || unitText === 'cycles' ? unitText : (options.unit ?? 'cycles')
  if (labelMap['Unit']?.some((value) => value.toLowerCase() !== unit) === true) {
    throw new AppError(
      'data.invalid',
      `${fileName} mixes units in its Unit column.`,
      'Split the file: one proxy predicts either cycles or instructions.'
    )
  }
  const samples: Samples = {
    kernel,
    count,
    dims,
    activationBits: column('QA', noBits),
    weightBits: column('QW', noBits),
    time: column('Time', 1),
    unit,
    ...(binding.labels.length === 0 ? {} : { labels: labelMap })
  }
  checkShapes(samples, fileName)
  return { samples, warnings }
}

/** Shapes that no layer can have (a window larger than its input) are refused with their row. */
function checkShapes(samples: Samples, fileName: string): void {
  const spec = kernelSpec(samples.kernel)
  const work: Work = { macs: 0, outputs: 0, patches: 0, weights: 0, inputs: 0 }
  const dims = new Float64Array(spec.dims.length)
  for (let row = 0; row < samples.count; row++) {
    for (let at = 0; at < dims.length; at++) dims[at] = samples.dims[at][row]
    const problem = spec.work(dims, work)
    if (problem !== null) {
      throw new AppError(
        'data.invalid',
        `${fileName}, row ${row + 1}: ${problem}.`,
        'H and W count after padding; correct the row or choose the right --kernel.',
        { details: { file: fileName, row: row + 1 } }
      )
    }
  }
}

type CellKind = Binding['slots'][number]['kind']

const rangeHints: Record<CellKind, string> = {
  dimension: 'A dimension is a whole number from 1.',
  bits: 'Bit widths are whole numbers from 1 to 32.',
  time: 'A time is greater than 0; remove runs that were not measured.'
}

function rangeProblem(kind: CellKind, value: number): string | null {
  if (kind === 'time') return value > 0 && value < Infinity ? null : `a time of ${value} is not possible`
  if (!Number.isInteger(value)) return `${value} is not a whole number`
  if (kind === 'bits') return value >= 1 && value <= 32 ? null : `${value} bits are not possible`
  return value >= 1 && value <= 2 ** 31 ? null : `${value} is not a possible dimension`
}

interface Header {
  names: string[]
  delimiter: number
  /** Offset of the first data character. */
  end: number
}

function readHeader(text: string, fileName: string): Header {
  let at = text.charCodeAt(0) === byteOrderMark ? 1 : 0
  const lineEnd = text.indexOf('\n', at)
  const firstLine = text.slice(at, lineEnd < 0 ? text.length : lineEnd)
  if (firstLine.trim() === '') {
    throw new AppError(
      'data.invalid',
      `${fileName} is empty or begins with an empty line.`,
      'Give a profile CSV.'
    )
  }
  const delimiters = [',', ';', '\t']
  const counts = delimiters.map((delimiter) => firstLine.split(delimiter).length)
  const delimiter = delimiters[counts.indexOf(Math.max(...counts))].charCodeAt(0)
  const names: string[] = []
  for (;;) {
    const cell = nextCell(text, at, delimiter)
    names.push(text.slice(cell.start, cell.end).trim())
    at = cell.next
    if (cell.last) break
  }
  return { names, delimiter, end: at }
}

interface Cell {
  start: number
  end: number
  next: number
  /** Whether the line ends after this cell. */
  last: boolean
}

const cell: Cell = { start: 0, end: 0, next: 0, last: false }

/** Finds the next cell; the returned record is reused by the next call. */
function nextCell(text: string, from: number, delimiter: number): Cell {
  const length = text.length
  let at = from
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

/** Digits are read in place; anything else goes through Number. NaN for an empty cell or text. */
function readNumber(text: string, start: number, end: number): number {
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
  const cellText = text.slice(start, end)
  return /^[+-]?(\d|\.\d|inf|nan)/i.test(cellText) && !/^0[xob]/i.test(cellText) ? Number(cellText) : NaN
}

function isBlank(code: number): boolean {
  return code === space || code === tab || code === carriageReturn
}

function countLineFeeds(text: string, from: number, to: number): number {
  let count = 0
  const end = Math.min(to, text.length)
  for (let at = from; at < end; at++) if (text.charCodeAt(at) === lineFeed) count++
  return count
}

function shorten(text: string): string {
  return text.length > 24 ? `${text.slice(0, 24)}…` : text
}

/** A Float64Array that doubles when full. */
class GrowingColumn {
  private values = new Float64Array(1024)
  private size = 0

  push(value: number): void {
    if (this.size === this.values.length) {
      const larger = new Float64Array(this.size * 2)
      larger.set(this.values)
      this.values = larger
    }
    this.values[this.size++] = value
  }

  toArray(): Float64Array {
    return this.values.slice(0, this.size)
  }
}
