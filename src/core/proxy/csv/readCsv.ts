import { AppError } from '../../../shared/errors'
import { countOf } from '../../../shared/units'
import { timeUnits, type ProxyKernelName, type TimeUnit } from '../../../shared/vocabulary'
import { rowSpec } from '../../kernel/spec'
import { emptyWork } from '../../kernel/work'
import { noBits, takeSamples, type SampleTable } from '../samples'
import { nextCell, readNumber, type NumberFormat } from '../../csv/cells'
import { bindColumns, type Binding } from './columns'
import { isComment, isEmptyRow, lineEnd, readLayout, type Layout } from '../../csv/layout'
import { numberFormats } from '../../csv/numberFormat'
import { growthWithWork, plausibilityRemarks, rowsByShape } from './plausibility'

/** Samples of a file, and what a person should know of how it was read. */
export interface ReadCsv {
  samples: SampleTable
  /** What a person should know: ignored columns, repeated headers, how numbers were read, what looks wrong. */
  warnings: string[]
}

/** How a file of samples is read. */
export interface ReadCsvOptions {
  kernel: ProxyKernelName
  /** Shown in messages. */
  fileName: string
  /** Unit of the times where neither a Unit column nor the header names one. Default cycles. */
  unit?: TimeUnit | undefined
  /** Take M as input features and K as output features: files whose collector wrote them so. */
  swapMatmulAxes?: boolean
  /** Files of layers to predict have no times: they are read as 1. */
  timeOptional?: boolean
  /** The decimal mark, where the file leaves two readings open. */
  decimal?: '.' | ',' | undefined
}

/** One of two readings is taken when its times follow the work better by at least this much (rank correlation). */
const clearMargin = 0.02

/**
 * Reads one profile CSV (formats: matmul `N,M,K,QA,QW,Time`, conv2d `H,W,C,K,KS[,S],QA,QW,Time`, pooling
 * `C,H,W,K,S,Time`, any column order; comma, semicolon, tab or bar between cells; comments and Excel's `sep=` line are
 * skipped). How numbers are written is decided over whole columns; where two readings are possible, the one whose times
 * follow the work is taken and named, and where neither does, the file is refused.
 *
 * @throws data.invalid naming line and column
 */
export function readProfileCsv(content: string, options: ReadCsvOptions): ReadCsv {
  const layout = readLayout(content, options.fileName)
  const binding = bindColumns(layout.names, options.kernel, options.fileName, {
    line: layout.headerLine,
    timeOptional: options.timeOptional ?? false
  })
  const numeric = new Map(
    binding.slots
      .filter(({ column }) => column >= 0)
      .map(({ column, kind }) => [column, { whole: kind !== 'time' }])
  )
  const formats: NumberFormat[] =
    options.decimal === undefined
      ? numberFormats(layout, numeric)
      : [{ decimal: options.decimal, thousands: options.decimal === '.' ? ',' : '.' }]
  const readings = formats.map((format) => readRows(layout, binding, format, options))
  const chosen = readings.length === 1 ? readings[0] : moreLikely(readings, formats, options.fileName)
  const isHabit = formats.length === 1 && formats[0].isHabit === true
  return {
    samples: chosen.samples,
    warnings: [
      ...chosen.warnings,
      ...(isHabit ? habitRemarks(layout, options.fileName) : []),
      ...plausibilityRemarks(chosen.samples, options.fileName)
    ]
  }
}

/** Where no comma separates cells, it may be the decimal mark, and 1.234 ms are 1,234. */
function habitRemarks({ delimiter }: Layout, fileName: string): string[] {
  if (delimiter === 44) return []
  return [
    `${fileName}: "." in its numbers is read as a decimal mark, for three digits stand behind every one. --decimal , reads it as a mark of thousands.`
  ]
}

/** Of two readings of the same numbers the one whose times follow the work. @throws data.invalid when neither is clear */
function moreLikely(
  readings: readonly ReadCsv[],
  formats: readonly NumberFormat[],
  fileName: string
): ReadCsv {
  const growth = readings.map(({ samples }) => growthWithWork(samples))
  const best = growth[1] > growth[0] ? 1 : 0
  const { decimal, thousands } = formats[best]
  const as = thousands === '.' || (thousands === null && decimal === ',') ? '.' : ','
  const other = formats[1 - best]
  const meaning = (format: NumberFormat): string =>
    format.decimal === mark ? 'a decimal mark' : 'a mark of thousands'
  const mark = formats.some((format) => format.thousands === '.') ? '.' : ','
  if (!(growth[best] - growth[1 - best] > clearMargin)) {
    throw new AppError(
      'data.invalid',
      `${fileName}: "${mark}" in its numbers may be a decimal mark or a mark of thousands, and the times follow the work equally well either way.`,
      'Say which with --decimal . or --decimal , or write the numbers without marks of thousands.',
      { details: { file: fileName, mark: as } }
    )
  }
  return {
    samples: readings[best].samples,
    warnings: [
      ...readings[best].warnings,
      `${fileName}: "${mark}" in its numbers is read as ${meaning(formats[best])}: so the times follow the work (rank correlation ${growth[best].toFixed(2)}, otherwise ${growth[1 - best].toFixed(2)}). --decimal ${other.decimal} reads it the other way.`
    ]
  }
}

/** Where the cells of a file go, and where reading stands. */
interface RowSink {
  readonly layout: Layout
  readonly binding: Binding
  readonly format: NumberFormat
  readonly fileName: string
  /** Per slot of the binding. */
  readonly numbers: GrowingColumn[]
  readonly labels: string[][]
  /** Slot and label of each column of the file; -1: none. */
  readonly slotOf: Int32Array
  readonly labelOf: Int32Array
  /** Next character and its line. */
  at: number
  line: number
}

function openSink(layout: Layout, binding: Binding, format: NumberFormat, fileName: string): RowSink {
  const slotOf = new Int32Array(layout.names.length).fill(-1)
  binding.slots.forEach((slot, index) => {
    if (slot.column >= 0) slotOf[slot.column] = index
  })
  const labelOf = new Int32Array(layout.names.length).fill(-1)
  binding.labels.forEach((label, index) => (labelOf[label.column] = index))
  return {
    ...{ layout, binding, format, fileName, slotOf, labelOf },
    numbers: binding.slots.map(() => new GrowingColumn()),
    labels: binding.labels.map((): string[] => []),
    at: layout.end,
    line: layout.line
  }
}

function readRows(layout: Layout, binding: Binding, format: NumberFormat, options: ReadCsvOptions): ReadCsv {
  const { text, delimiter, headerText } = layout
  const { fileName } = options
  const sink = openSink(layout, binding, format, fileName)
  let rowCount = 0
  let repeatedHeaders = 0
  while (sink.at < text.length) {
    const start = sink.at
    const isHeader =
      text.startsWith(headerText, start) && text.slice(start, lineEnd(text, start)).trimEnd() === headerText
    if (isHeader || isComment(text, start) || isEmptyRow(text, start, delimiter)) {
      if (isHeader) repeatedHeaders++
      sink.at = lineEnd(text, start) + 1
      sink.line++
      continue
    }
    if (readRow(sink)) rowCount++
    sink.line += countLineFeeds(text, start, sink.at)
  }
  if (rowCount === 0) {
    throw new AppError(
      'data.invalid',
      `${fileName} has a header but no rows.`,
      'Export the profile again, or give another file.'
    )
  }
  const read = assemble(binding, sink.numbers, sink.labels, rowCount, options)
  if (repeatedHeaders > 0)
    read.warnings.push(`${fileName}: left out ${countOf(repeatedHeaders, 'repeated header line')}.`)
  return text.endsWith('\n') || options.timeOptional === true ? read : withoutCutRow(read, fileName)
}

/** Reads the cells of one row; false for a line of white space alone. @throws data.invalid */
function readRow(sink: RowSink): boolean {
  const { layout, binding, slotOf, labelOf } = sink
  const { text, names, delimiter } = layout
  let column = 0
  /** Empty cells behind the last column, which some programs write. */
  let extra = 0
  for (let isLast = false; !isLast; column++) {
    const cell = nextCell(text, sink.at, delimiter)
    sink.at = cell.next
    isLast = cell.last
    const slot = column < slotOf.length ? slotOf[column] : -1
    if (slot >= 0) {
      const value = readNumber(text, cell.start, cell.end, sink.format)
      const { name, kind } = binding.slots[slot]
      if (value !== value) {
        const found = text.slice(cell.start, cell.end)
        if (column === 0 && isLast && found.trim() === '') return false
        fail(sink, name, `"${shorten(found)}" is not a number`, 'Correct the cell or remove the row.')
      }
      const problem = rangeProblem(kind, value)
      if (problem !== null) fail(sink, name, problem, rangeHints[kind])
      sink.numbers[slot].push(value)
    } else if (column < labelOf.length && labelOf[column] >= 0) {
      sink.labels[labelOf[column]].push(text.slice(cell.start, cell.end))
    } else {
      const isBlank = text.slice(cell.start, cell.end).trim() === ''
      if (column === 0 && isLast && isBlank) return false
      if (column >= names.length && isBlank) extra++
    }
  }
  if (column - extra === names.length) return true
  return fail(
    sink,
    shorten(column < names.length ? names[column] : 'beyond the last'),
    `the row has ${column} cells, the header ${names.length}`,
    'Complete the row or remove it; a file that was cut while writing ends like this.'
  )
}

function fail({ fileName, line }: RowSink, column: string, problem: string, hint: string): never {
  throw new AppError('data.invalid', `${fileName}, line ${line}, column ${column}: ${problem}.`, hint, {
    details: { file: fileName, line, column }
  })
}

/**
 * A file that does not end with a line end may have been cut inside its last number: the last row is left out when it is
 * far below everything that was measured of its shape, and named otherwise.
 */
function withoutCutRow(read: ReadCsv, fileName: string): ReadCsv {
  const { samples } = read
  const last = samples.count - 1
  const same = [...rowsByShape(samples).values()].find((rows) => rows.includes(last)) ?? []
  const others = same.filter((row) => row !== last).map((row) => samples.time[row])
  const isCut = others.length > 0 && samples.time[last] < Math.min(...others) / 2
  const remark = isCut
    ? `${fileName}: the last line has no end and its time of ${samples.time[last]} is far below the other times of its shape: the row was cut while it was written, and is left out.`
    : `${fileName}: the last line has no end; check that its last number is whole (${samples.time[last]}).`
  return {
    samples: isCut
      ? takeSamples(
          samples,
          Array.from({ length: last }, (_, row) => row)
        )
      : samples,
    warnings: [...read.warnings, remark]
  }
}

function assemble(
  binding: Binding,
  numbers: GrowingColumn[],
  labels: string[][],
  count: number,
  options: ReadCsvOptions
): ReadCsv {
  const { kernel, fileName } = options
  const spec = rowSpec(kernel)
  const warnings = [...binding.warnings]
  const column = (name: string, absent: number): Float64Array => {
    const at = binding.slots.findIndex((slot) => slot.name === name)
    const values = at >= 0 && binding.slots[at].column >= 0 ? numbers[at].toArray() : new Float64Array(count)
    if (at < 0 || binding.slots[at].column < 0) values.fill(absent)
    return values
  }
  const dims = spec.columns.map((dimension) => column(dimension.name, dimension.absent ?? 1))
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
    timeUnits.find((name) => name.toLowerCase() === unitText) ?? binding.unit ?? options.unit ?? 'cycles'
  if (labelMap['Unit']?.some((value) => value.toLowerCase() !== unit.toLowerCase()) === true) {
    throw new AppError(
      'data.invalid',
      `${fileName} mixes units in its Unit column.`,
      'Split the file: one proxy predicts in one unit.'
    )
  }
  const samples: SampleTable = {
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
  if (options.unit !== undefined && options.unit !== unit)
    warnings.push(`${fileName}: its times are in ${unit} as the file says, not in ${options.unit}.`)
  if (options.timeOptional !== true) warnings.push(...unitRemarks(samples, binding, options))
  return { samples, warnings }
}

/** Cycles and instructions are whole numbers: fractions mean another unit, or marks of thousands, in a file that names none. */
function unitRemarks(samples: SampleTable, binding: Binding, options: ReadCsvOptions): string[] {
  if (samples.unit !== 'cycles' && samples.unit !== 'instructions') return []
  if (binding.unit !== undefined || samples.labels?.['Unit'] !== undefined) return []
  const fractions = samples.time.reduce((count, time) => count + (Number.isInteger(time) ? 0 : 1), 0)
  if (fractions * 2 < samples.count) return []
  return [
    `${options.fileName}: its times are no whole numbers, as ${samples.unit} are. Name their unit in the header (Time_ms) or with --unit, or the mark of thousands with --decimal ,; errors in percent are right in any unit.`
  ]
}

/** Shapes that no layer can have (a window larger than its input) are refused with their row. */
function checkShapes(samples: SampleTable, fileName: string): void {
  const spec = rowSpec(samples.kernel)
  const work = emptyWork()
  const dims = new Float64Array(spec.columns.length)
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

function countLineFeeds(text: string, from: number, to: number): number {
  let count = 0
  const end = Math.min(to, text.length)
  for (let at = from; at < end; at++) if (text.charCodeAt(at) === 10) count++
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
