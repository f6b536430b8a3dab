import { AppError } from '../../../shared/errors'
import { parseCsv } from './csvTable'
import { withPlainNumbers } from './plainNumbers'
import type { Origin } from '../../../shared/vocabulary'
import type { SamplePresetName } from '../../../shared/vocabulary'
import { profilerRecords } from './profilerExports'
import { presetRole, type Role } from './presets'
import type { KnobValue, StageSample } from './stageSample'

/** What a person says about files of samples. */
export interface SampleReading {
  preset: SamplePresetName
  /** Decimal mark of CSV files; left out, it is decided over whole columns. */
  decimal?: '.' | ',' | undefined
}

/** How a file of samples is read. */
export interface ReadSamplesOptions extends SampleReading {
  /** Shown in messages. */
  fileName: string
  dataSet: string
  /** Of every row that does not name one. */
  device?: string
}

/** Samples of a CSV file: a row each, empty cells are stages the configuration does not have. @throws data.invalid */
export function samplesFromCsv(text: string, options: ReadSamplesOptions): StageSample[] {
  const { header, rows } = withPlainNumbers(
    parseCsv(text, options.fileName),
    text,
    options.fileName,
    options.decimal
  )
  return rows.map((cells, at) =>
    sampleOf(
      Object.fromEntries(header.map((name, column) => [name, cells[column].trim()])),
      options,
      `line ${at + 2}`
    )
  )
}

/**
 * Samples of a JSON file: one object, an array of objects, `{samples: [...]}` or one object a line. An object is
 * `{knobs, stages}`, or flat with the preset's names. Exports of profilers are read too (profilerExports.ts). @throws data.invalid
 */
export function samplesFromJson(text: string, options: ReadSamplesOptions): StageSample[] {
  return recordsOf(text, options.fileName).map((record, at) => sampleOf(record, options, `sample ${at + 1}`))
}

/** One sample from a flat or nested record; also used for rows of Parquet files. @throws data.invalid */
export function sampleOf(
  record: Readonly<Record<string, unknown>>,
  options: ReadSamplesOptions,
  where: string
): StageSample {
  const knobs: Record<string, KnobValue> = {}
  const stages: Record<string, number> = {}
  const perToken: [string, number][] = []
  const rest: { outputTokens?: number; decodePerTokenMs?: number[]; device?: string } = {}
  if (options.device !== undefined) rest.device = options.device
  let origin: Origin = 'measured'
  const fail = (column: string, problem: string): never => {
    throw new AppError(
      'data.invalid',
      `${options.fileName}, ${where}, ${column}: ${problem}.`,
      'Correct the value or leave the row out. Times are milliseconds above 0.',
      { details: { file: options.fileName, column } }
    )
  }
  for (const { column, value, role } of columnsOf(record, options.preset)) {
    switch (role.kind) {
      case 'knob':
        if (typeof value === 'object') fail(column, 'a knob is a number or a name')
        if (noNumber.test(String(value))) fail(column, `"${String(value)}" is neither a number nor a name`)
        knobs[role.name] = knobValue(value)
        break
      case 'stage':
        stages[role.name] = positive(value) ?? fail(column, `"${String(value)}" is not a time`)
        break
      case 'perToken':
        perToken.push([role.name, positive(value) ?? fail(column, `"${String(value)}" is not a time`)])
        break
      case 'outputTokens':
        rest.outputTokens = wholeNumber(value) ?? fail(column, `"${String(value)}" is not a number of tokens`)
        break
      case 'decodePerToken':
        rest.decodePerTokenMs = positions(value) ?? fail(column, 'a list of times, one per token, is needed')
        break
      case 'device':
        rest.device = String(value)
        break
      case 'origin':
        if (value === 'simulated' || value === 'estimated' || value === 'measured') origin = value
    }
  }
  addDecode(stages, perToken, rest, fail)
  if (Object.keys(stages).length === 0) {
    throw new AppError(
      'data.invalid',
      `${options.fileName}, ${where}: no stage was found.`,
      'Name the times as in the preset, or <stage>_ms, or give {knobs, stages}; see docs/guide/estimator.md.'
    )
  }
  return { knobs, stages, dataSet: options.dataSet, origin, ...rest }
}

/** A part of a nested record in which every name is a knob or a stage; null: the record itself. */
type Part = 'knob' | 'stage' | null

const parts: ReadonlyMap<string, Part> = new Map<string, Part>([
  ...['stages', 'latency', 'latencies'].map((name) => [name, 'stage'] as const),
  ...['knobs', 'config', 'configuration'].map((name) => [name, 'knob'] as const)
])

type ColumnRole = NonNullable<Role> | { kind: 'origin' }

/** Columns of a record and of the records in it that hold a value and are not to be ignored. */
function* columnsOf(
  record: Readonly<Record<string, unknown>>,
  preset: SamplePresetName,
  part: Part = null
): Generator<{ column: string; value: unknown; role: ColumnRole }> {
  for (const [column, value] of Object.entries(record)) {
    if (part === null && isRecord(value)) {
      yield* columnsOf(value, preset, parts.get(column.toLowerCase()))
      continue
    }
    const role = roleIn(part, preset, column)
    if (role !== null && value !== null && value !== undefined && value !== '') yield { column, value, role }
  }
}

/** Inside {stages} every name is a stage, inside {knobs} a knob, unless the preset's table gives another role. */
function roleIn(part: Part, preset: SamplePresetName, column: string): ColumnRole | null {
  if (part === null && column.toLowerCase() === 'origin') return { kind: 'origin' }
  const role = presetRole(preset, column)
  if (part === 'stage' && role?.kind === 'knob') return { kind: 'stage', name: column }
  if (part === 'knob' && role === null) return { kind: 'knob', name: column }
  return role
}

/** The decode stage from times per token: their sum, or the average times the number of tokens. */
function addDecode(
  stages: Record<string, number>,
  perToken: readonly [string, number][],
  rest: { outputTokens?: number; decodePerTokenMs?: number[] },
  fail: (column: string, problem: string) => never
): void {
  const { decodePerTokenMs } = rest
  if (decodePerTokenMs !== undefined) {
    if (rest.outputTokens !== undefined && rest.outputTokens !== decodePerTokenMs.length) {
      fail('decodePerTokenMs', `${decodePerTokenMs.length} times for ${rest.outputTokens} output tokens`)
    }
    rest.outputTokens = decodePerTokenMs.length
    stages['decode'] ??= decodePerTokenMs.reduce((sum, value) => sum + value, 0)
  }
  for (const [stage, value] of perToken) {
    if (stages[stage] !== undefined) continue
    if (rest.outputTokens === undefined) fail(`${stage} per token`, 'the number of output tokens is missing')
    stages[stage] = value * rest.outputTokens
  }
}

function recordsOf(text: string, fileName: string): Record<string, unknown>[] {
  const broken = (cause: unknown): never => {
    throw new AppError(
      'data.invalid',
      `${fileName} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Give a JSON document, or one JSON object a line.',
      { cause }
    )
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    try {
      if (lines.length < 2) throw cause
      parsed = lines.map((line) => JSON.parse(line) as unknown)
    } catch (inner) {
      broken(inner)
    }
  }
  const exported = profilerRecords(parsed, fileName)
  if (exported !== null) return exported
  const list = Array.isArray(parsed)
    ? parsed
    : isRecord(parsed) && Array.isArray(parsed['samples'])
      ? parsed['samples']
      : isRecord(parsed) && Array.isArray(parsed['results'])
        ? parsed['results']
        : [parsed]
  if (list.length === 0 || !list.every(isRecord))
    broken(new Error('objects with knobs and stages are needed'))
  return list as Record<string, unknown>[]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What programs write where a number is missing or has run away; as a name it would make a column of names of all. */
const noNumber = /^\s*([+-]?(nan|inf|infinity)|#n\/a|null)\s*$/i

function knobValue(value: unknown): KnobValue {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  const text = String(value).trim()
  const number = Number(text)
  return text !== '' && Number.isFinite(number) ? number : text
}

function positive(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() === '' ? NaN : Number(value)
  return Number.isFinite(number) && number > 0 ? number : null
}

function wholeNumber(value: unknown): number | null {
  const number = Number(value)
  return Number.isInteger(number) && number > 0 ? number : null
}

function positions(value: unknown): number[] | null {
  if (!Array.isArray(value) || value.length === 0) return null
  const times = value.map(positive)
  return times.every((time) => time !== null) ? times : null
}
