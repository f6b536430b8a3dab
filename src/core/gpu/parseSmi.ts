import { metricCount, metricPositionOf, metricSpecs } from './metrics'
import { createCellReader, digitAt, type CellReader } from './plainCell'
import { parseWallClock } from './smiCell'
import { createTextLines } from '../text/lines'

/** One line of `--query-gpu=... --format=csv`, read. */
export interface SmiRow {
  gpuIndex: number
  /** Unzoned local wall clock in ms; null when the timestamp was not readable. */
  wallMs: number | null
  /** In metric order and house units; NaN is unavailable. */
  values: Float64Array
}

/** Rows and other lines that a piece of output completes. */
export interface SmiParsed {
  rows: SmiRow[]
  /** Lines that are neither a header nor a row, as printed: messages of nvidia-smi, cut lines, garbage. */
  stray: string[]
}

/** Reads nvidia-smi's CSV output as it arrives. */
export interface SmiParser {
  push(chunk: string): SmiParsed
  /** The process ended: an unfinished line is stray even if it looks whole, since its last value may be cut. */
  end(): SmiParsed
}

interface Columns {
  count: number
  timestampAt: number
  indexAt: number
  /** Metric position per column, -1 for columns that are none. */
  metric: Int32Array
  /** Readers of the columns that are metrics. */
  cells: (CellReader | null)[]
}

const toSecond = 'yyyy/mm/dd hh:mm:ss'.length
const toMillisecond = toSecond + 4

/** Rows whose values share one array: an array of its own for each row costs more than reading it. */
const blockRows = 256

/** Returns room for the values of one row, all NaN. */
function createValueRoom(): () => Float64Array {
  let block = new Float64Array(0)
  let used = 0
  return () => {
    if (used === block.length) {
      block = new Float64Array(blockRows * metricCount).fill(NaN)
      used = 0
    }
    used += metricCount
    return block.subarray(used - metricCount, used)
  }
}

/**
 * Incremental parser for the sampler's output. `asked` is the list given to --query-gpu; it must hold `timestamp`
 * and `index`. Columns are found by header name under any known alias, then by position for unknown names, so
 * a renamed column still lands in the column that was requested. Works without a header (noheader) by position alone, and
 * takes a header again whenever one appears (a restarted process prints one).
 */
export function createSmiParser(asked: readonly string[]): SmiParser {
  const lines = createTextLines()
  const room = createValueRoom()
  const clock = createStampReader()
  let columns = columnsOf(asked, asked)
  const parseRow = (line: string): SmiRow | null => readRow(line, columns, clock, room)

  const takeLine = (line: string, out: SmiParsed): void => {
    if (line.trim() === '') return
    const header = headerCells(line)
    if (header !== null) {
      columns = columnsOf(header, asked)
      return
    }
    const row = parseRow(line)
    if (row !== null) {
      out.rows.push(row)
      return
    }
    const salvaged = columns.timestampAt === 0 ? salvage(line, parseRow) : null
    // What stands before a salvaged row is the head of another one: lost, and said so.
    out.stray.push(salvaged?.cut ?? line)
    if (salvaged !== null) out.rows.push(salvaged.row)
  }

  return {
    push(chunk) {
      const out: SmiParsed = { rows: [], stray: [] }
      for (const line of lines.push(chunk)) takeLine(line, out)
      return out
    },
    end() {
      const rest = lines.rest()
      return { rows: [], stray: rest.trim() === '' ? [] : [rest] }
    }
  }
}

/** Cells of a header line, or null: a header names the timestamp column and has no timestamp in it. */
function headerCells(line: string): string[] | null {
  if (digitAt(line, 0) >= 0 || !/timestamp/i.test(line)) return null
  const cells = line.split(',').map((cell) => cell.trim())
  return cells.some((cell) => /^timestamp\b/i.test(cell)) ? cells : null
}

function columnsOf(header: readonly string[], asked: readonly string[]): Columns {
  const metric = new Int32Array(header.length).fill(-1)
  const units: (string | null)[] = []
  const taken = new Set<number>()
  let timestampAt = -1
  let indexAt = -1
  const unknown: number[] = []
  header.forEach((cell, at) => {
    const match = /^(.*?)\s*(?:\[([^\]]*)\])?$/s.exec(cell)!
    const name = match[1].trim().toLowerCase()
    units.push(match[2]?.trim() ?? null)
    const position = metricPositionOf(name)
    if (name === 'timestamp') timestampAt = at
    else if (name === 'index') indexAt = at
    else if (position !== undefined) {
      metric[at] = position
      taken.add(position)
    } else unknown.push(at)
  })
  if (header.length === asked.length) {
    for (const at of unknown) {
      const name = asked[at].toLowerCase()
      const position = metricPositionOf(name)
      if (name === 'index' && indexAt < 0) indexAt = at
      else if (position !== undefined && !taken.has(position)) metric[at] = position
    }
  }
  const cells = units.map((unit, at) =>
    metric[at] < 0 ? null : createCellReader(metricSpecs[metric[at]].dimension, unit)
  )
  return { count: header.length, timestampAt, indexAt, metric, cells }
}

/** The row in a line; null when it is none. */
function readRow(
  line: string,
  columns: Columns,
  clock: StampReader,
  room: () => Float64Array
): SmiRow | null {
  const { count, timestampAt, indexAt, metric, cells } = columns
  if (timestampAt < 0) return null
  const ends = endsOf(line, count)
  if (ends === null) return null
  const begin = (at: number): number => (at === 0 ? 0 : ends[at - 1] + 1)
  const wallMs = clock(line, begin(timestampAt), ends[timestampAt])
  const indexText = indexAt < 0 ? '0' : line.slice(begin(indexAt), ends[indexAt]).trim()
  if (wallMs === null || !/^\d{1,4}$/.test(indexText)) return null
  const values = room()
  for (let at = 0; at < count; at++) {
    const value = cells[at]?.(line, begin(at), ends[at]) ?? NaN
    // Two columns may be one metric under its two names: what one of them has stays.
    if (!Number.isNaN(value)) values[metric[at]] = value
  }
  return { gpuIndex: Number(indexText), wallMs, values }
}

/** Where the cells of a line end; null when there are more or fewer than `count`. */
function endsOf(line: string, count: number): number[] | null {
  const ends: number[] = []
  for (let comma = line.indexOf(','); comma >= 0; comma = line.indexOf(',', comma + 1)) {
    if (ends.length === count - 1) return null
    ends.push(comma)
  }
  ends.push(line.length)
  return ends.length === count ? ends : null
}

/** Unzoned wall clock of a cell in ms, see parseWallClock; null when it is no timestamp. */
type StampReader = (line: string, from: number, to: number) => number | null

/** Rows of the same second differ in their milliseconds alone: the rest is read once. */
function createStampReader(): StampReader {
  let second = ''
  let secondMs = 0
  return (line, from, to) => {
    const start = line[from] === ' ' ? from + 1 : from
    const isPlain = to - start === toMillisecond && line[start + toSecond] === '.'
    if (isPlain && second !== '' && line.startsWith(second, start)) {
      const ms = digitsIn(line, start + toSecond + 1, to)
      if (!Number.isNaN(ms)) return secondMs + ms
    }
    const text = line.slice(start, to)
    const wallMs = parseWallClock(text)
    if (isPlain && wallMs !== null) {
      second = text.slice(0, toSecond)
      secondMs = parseWallClock(second) ?? 0
    }
    return wallMs
  }
}

/** The number that line[from, to) writes; NaN when there is anything but digits in it. */
function digitsIn(line: string, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) {
    const digit = digitAt(line, at)
    if (digit < 0) return NaN
    number = 10 * number + digit
  }
  return number
}

const stampInside = /\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}\.\d{3}/g

/** A half line with a whole one glued to it ("... 65.2026/10/25 ..."): the whole one is kept. */
function salvage(
  line: string,
  parseRow: (line: string) => SmiRow | null
): { row: SmiRow; cut: string } | null {
  const last = [...line.matchAll(stampInside)].pop()
  if (last === undefined || last.index === 0) return null
  const row = parseRow(line.slice(last.index))
  return row === null ? null : { row, cut: line.slice(0, last.index) }
}
