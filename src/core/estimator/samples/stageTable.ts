import { AppError } from '../../../shared/errors'
import type { Origin } from '../../../shared/vocabulary'
import type { KnobValue, StageSample } from './stageSample'

/** A knob over all rows; names are stored as positions in `levels`. */
export interface KnobColumn {
  readonly name: string
  readonly values: Float64Array
  /** null for numbers. */
  readonly levels: readonly string[] | null
}

/** Samples as columns: what every estimator is fitted on. */
export interface StageTable {
  readonly count: number
  readonly knobs: readonly KnobColumn[]
  readonly stages: readonly string[]
  /** Milliseconds per stage and row; NaN where a configuration does not have the stage. */
  readonly times: readonly Float64Array[]
  /** Tokens per row; NaN where not recorded. */
  readonly outputTokens: Float64Array
  /** Milliseconds per position, where recorded. */
  readonly decodePerTokenMs: readonly (readonly number[] | null)[]
  readonly dataSets: readonly string[]
  readonly devices: readonly (string | null)[]
  readonly origin: Origin
}

/**
 * Columns from samples. Every sample must have every knob, as a number in all or a name in all.
 * @throws data.invalid naming the row and the knob
 */
export function stageTable(samples: readonly StageSample[]): StageTable {
  if (samples.length === 0) {
    throw new AppError('data.missing', 'There are no stage samples.', 'Give a file with at least one row.')
  }
  const knobNames = [...new Set(samples.flatMap((sample) => Object.keys(sample.knobs)))]
  const stages = [...new Set(samples.flatMap((sample) => Object.keys(sample.stages)))]
  return {
    count: samples.length,
    knobs: knobNames.map((name) => knobColumn(name, samples)),
    stages,
    times: stages.map((stage) => Float64Array.from(samples, (sample) => sample.stages[stage] ?? NaN)),
    outputTokens: Float64Array.from(samples, (sample) => sample.outputTokens ?? NaN),
    decodePerTokenMs: samples.map((sample) => sample.decodePerTokenMs ?? null),
    dataSets: samples.map((sample) => sample.dataSet),
    devices: samples.map((sample) => sample.device ?? null),
    origin: samples.some((sample) => sample.origin === 'simulated') ? 'simulated' : samples[0].origin
  }
}

function knobColumn(name: string, samples: readonly StageSample[]): KnobColumn {
  const cells: KnobValue[] = samples.map((sample, row) => {
    const value = sample.knobs[name]
    if (value === undefined) {
      throw new AppError(
        'data.invalid',
        `Sample ${row + 1} of ${sample.dataSet} has no knob "${name}", which others have.`,
        'Give every sample the same knobs, or read the data sets apart.'
      )
    }
    return value
  })
  requireOneKind(name, cells, samples)
  return columnOf(name, cells)
}

/** A single name among numbers would make names of all of them, which have no order and no distance. */
function requireOneKind(name: string, cells: readonly KnobValue[], samples: readonly StageSample[]): void {
  const names = cells.filter((cell) => typeof cell === 'string').length
  if (names === 0 || names === cells.length) return
  // What is rarer is what is wrong.
  const wrong = names * 2 <= cells.length ? 'string' : 'number'
  const row = cells.findIndex((cell) => typeof cell === wrong)
  throw new AppError(
    'data.invalid',
    `Sample ${row + 1} of ${samples[row].dataSet} has the ${wrong === 'string' ? 'name' : 'number'} "${cells[row]}" for the knob "${name}", which is a ${wrong === 'string' ? 'number' : 'name'} in others.`,
    'Give the knob as a number in all samples, or as a name in all.'
  )
}

/** A knob from its value in every row: numbers, or names as positions in their sorted levels. */
export function columnOf(name: string, cells: readonly KnobValue[]): KnobColumn {
  if (cells.every((cell) => typeof cell === 'number')) {
    return { name, values: Float64Array.from(cells), levels: null }
  }
  const levels = [...new Set(cells.map(String))].sort()
  const position = new Map(levels.map((level, at) => [level, at]))
  return { name, values: Float64Array.from(cells, (cell) => position.get(String(cell)) ?? 0), levels }
}

/** The knobs of one row, as they were read. */
export function knobsOf(table: StageTable, row: number): Record<string, KnobValue> {
  return Object.fromEntries(
    table.knobs.map(({ name, values, levels }) => [name, levels === null ? values[row] : levels[values[row]]])
  )
}

/** Text that is equal for rows of equal knobs (and output tokens). */
export function configurationKey(table: StageTable, row: number): string {
  const tokens = table.outputTokens[row]
  return JSON.stringify([knobsOf(table, row), Number.isNaN(tokens) ? null : tokens])
}

/** Total of the stages that the row has, in ms. */
export function totalMs(times: readonly Float64Array[], row: number): number {
  let sum = 0
  for (const column of times) if (!Number.isNaN(column[row])) sum += column[row]
  return sum
}

/** Some rows of a table, in the order given. */
export function takeRows(table: StageTable, rows: ArrayLike<number>): StageTable {
  const pick = (values: Float64Array): Float64Array => Float64Array.from(rows, (row) => values[row])
  const list = Array.from(rows)
  return {
    ...table,
    count: rows.length,
    knobs: table.knobs.map((knob) => ({ ...knob, values: pick(knob.values) })),
    times: table.times.map(pick),
    outputTokens: pick(table.outputTokens),
    decodePerTokenMs: list.map((row) => table.decodePerTokenMs[row]),
    dataSets: list.map((row) => table.dataSets[row]),
    devices: list.map((row) => table.devices[row])
  }
}
