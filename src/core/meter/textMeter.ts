import type { MeterTextUnits } from '../../shared/contract/meter'
import { AppError } from '../../shared/errors'
import { createTextLines } from '../text/lines'
import { columnsOfHeader, columnsOfUnits, type MeterColumns } from './meterUnits'

/** One reading of a meter on the meter's own clock. */
export interface MeterReading {
  /** ms on the clock of the meter. */
  readonly tMs: number
  readonly powerW: number
}

/** How the lines of a text meter are read. */
export interface TextMeterOptions {
  readonly units: MeterTextUnits
  /** Voltage for lines without one, V; null where every line has its own. */
  readonly supplyV: number | null
}

/** Reads `time,current[,voltage]` lines. */
export interface TextMeterReader {
  /** Readings of the lines that this text completes. @throws data.invalid, input.invalid, see createTextMeterReader */
  push(text: string): MeterReading[]
  /** The last line, where it lacks its line break. */
  end(): MeterReading[]
  /** Lines that are no reading; empty lines and comments (#) are not counted. */
  readonly badLines: number
  /** The first few of them: line number, reason and text. */
  readonly badExamples: readonly string[]
  /** Bad lines since the last good one. */
  readonly badInARow: number
}

const examplesKept = 5
const maxExample = 60

/**
 * Returns a reader of text lines. Cells are separated by commas, semicolons, tabs or spaces; a header line before the first
 * reading sets columns and units. A line is bad when a cell is no finite number, when cells are missing, or when its time
 * does not lie behind that of the reading before: it is counted and left out.
 *
 * @throws input.invalid (from push) for a line without a voltage when no supply voltage was given; data.invalid for a
 *   header that is not understood
 */
export function createTextMeterReader({ units, supplyV }: TextMeterOptions): TextMeterReader {
  const lines = createTextLines({ maxLength: 4096 })
  const state = { number: 0, badLines: 0, badInARow: 0, lastMs: -Infinity }
  const badExamples: string[] = []
  let columns = columnsOfUnits(units)
  const refuse = (reason: string, line: string): null => {
    state.badLines++
    state.badInARow++
    if (badExamples.length < examplesKept) {
      badExamples.push(`line ${state.number}: ${reason}: ${line.slice(0, maxExample)}`)
    }
    return null
  }
  const readLine = (line: string): MeterReading | null => {
    state.number++
    const text = line.replace(/^\ufeff/, '').trim()
    if (text === '' || text.startsWith('#')) return null
    const cells = text.split(/\s*[,;\t]\s*|\s+/)
    if (/[a-z]/i.test(cells[0]) && !isNumber(cells[0])) {
      // Behind the first reading, a line of words is noise and no header that could be wrong.
      const found = state.lastMs > -Infinity ? null : columnsOfHeader(text.split(/[,;\t]/), units)
      if (found === null) return refuse('neither a reading nor a header', text)
      columns = found
      return null
    }
    const read = readingOf(cells, columns, supplyV)
    if (typeof read === 'string') return refuse(read, text)
    if (!(read.tMs > state.lastMs)) return refuse('its time is not behind the reading before', text)
    state.lastMs = read.tMs
    state.badInARow = 0
    return read
  }
  const readAll = (list: readonly string[]): MeterReading[] => list.flatMap((line) => readLine(line) ?? [])
  return {
    push: (text) => readAll(lines.push(text)),
    end() {
      const rest = lines.rest()
      return rest === '' ? [] : readAll([rest])
    },
    get badLines() {
      return state.badLines
    },
    get badInARow() {
      return state.badInARow
    },
    badExamples
  }
}

const isNumber = (cell: string): boolean => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell)

/** The reading of a line, or why it has none. */
function readingOf(
  cells: readonly string[],
  { timeAt, currentAt, voltageAt, toMs, toA, toV }: MeterColumns,
  supplyV: number | null
): MeterReading | string {
  const at = (index: number): number => {
    const cell = cells[index]
    return cell !== undefined && isNumber(cell) ? Number(cell) : NaN
  }
  const [time, current] = [at(timeAt), at(currentAt)]
  if (cells.length <= Math.max(timeAt, currentAt)) return 'cells are missing'
  if (!Number.isFinite(time)) return 'the time is no number'
  if (!Number.isFinite(current)) return 'the current is no number'
  const hasVoltage = voltageAt >= 0 && cells[voltageAt] !== undefined && cells[voltageAt] !== ''
  if (!hasVoltage && supplyV === null) throw noVoltage()
  const voltage = hasVoltage ? at(voltageAt) * toV : supplyV!
  if (!Number.isFinite(voltage)) return 'the voltage is no number'
  return { tMs: time * toMs, powerW: current * toA * voltage }
}

function noVoltage(): AppError {
  return new AppError(
    'input.invalid',
    'The lines of the meter hold no voltage, and no supply voltage was given.',
    'Give the supply voltage of the board, in V (--voltage 3.3): energy is current times voltage.'
  )
}
