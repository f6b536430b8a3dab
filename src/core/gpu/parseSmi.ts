import { metricCount, metricPositionOf, metricSpecs } from './metrics'
import { parseCell, parseWallClock } from './smiCell'
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
  unit: (string | null)[]
}

/**
 * Incremental parser for the sampler's output. `asked` is the list given to --query-gpu; it must hold `timestamp`
 * and `index`. Columns are found by header name under any known alias, then by position for unknown names, so
 * a renamed column still lands in the column that was requested. Works without a header (noheader) by position alone, and
 * takes a header again whenever one appears (a restarted process prints one).
 */
export function createSmiParser(asked: readonly string[]): SmiParser {
  const lines = createTextLines()
  let columns = columnsOf(asked, asked)

  const takeLine = (line: string, out: SmiParsed): void => {
    if (line.trim() === '') return
    const header = headerCells(line)
    if (header !== null) {
      columns = columnsOf(header, asked)
      return
    }
    const row = parseRow(line, columns) ?? salvage(line, columns)
    if (row === null) out.stray.push(line)
    else {
      // What stands before a salvaged row is the head of another one: lost, and said so.
      if (row.cut !== '') out.stray.push(row.cut)
      out.rows.push(row.row)
    }
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
  if (!/timestamp/i.test(line)) return null
  const cells = line.split(',').map((cell) => cell.trim())
  return cells.some((cell) => /^timestamp\b/i.test(cell)) ? cells : null
}

function columnsOf(header: readonly string[], asked: readonly string[]): Columns {
  const metric = new Int32Array(header.length).fill(-1)
  const unit: (string | null)[] = []
  const taken = new Set<number>()
  let timestampAt = -1
  let indexAt = -1
  const unknown: number[] = []
  header.forEach((cell, at) => {
    const match = /^(.*?)\s*(?:\[([^\]]*)\])?$/.exec(cell)!
    const name = match[1].trim().toLowerCase()
    unit.push(match[2]?.trim() ?? null)
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
  return { count: header.length, timestampAt, indexAt, metric, unit }
}

function parseRow(line: string, columns: Columns): { row: SmiRow; cut: string } | null {
  const cells = line.split(',')
  if (cells.length !== columns.count) return null
  const wallMs = columns.timestampAt < 0 ? null : parseWallClock(cells[columns.timestampAt])
  const indexText = columns.indexAt < 0 ? '0' : cells[columns.indexAt].trim()
  if (wallMs === null || !/^\d{1,4}$/.test(indexText)) return null
  const values = new Float64Array(metricCount).fill(NaN)
  for (let at = 0; at < cells.length; at++) {
    const position = columns.metric[at]
    if (position < 0) continue
    const cell = parseCell(cells[at], metricSpecs[position].dimension, columns.unit[at] ?? null)
    if ('value' in cell) values[position] = cell.value
  }
  return { row: { gpuIndex: Number(indexText), wallMs, values }, cut: '' }
}

const stampInside = /\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}\.\d{3}/g

/** A half line with a whole one glued to it ("... 65.2026/10/25 ..."): the whole one is kept. */
function salvage(line: string, columns: Columns): { row: SmiRow; cut: string } | null {
  if (columns.timestampAt !== 0) return null
  const last = [...line.matchAll(stampInside)].pop()
  if (last === undefined || last.index === 0) return null
  const parsed = parseRow(line.slice(last.index), columns)
  return parsed === null ? null : { row: parsed.row, cut: line.slice(0, last.index) }
}
