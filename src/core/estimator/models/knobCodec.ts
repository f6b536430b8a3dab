import { AppError } from '../../../shared/errors'
import type { FeatureMatrix } from '../../proxy/features'
import type { KnobValue } from '../samples/stageSample'
import type { StageTable } from '../samples/stageTable'

/** One knob as it was measured. */
export interface KnobRange {
  name: string
  /** Measured names; null for numbers. */
  levels: readonly string[] | null
  /** Measured range of a number; 0 for names. */
  min: number
  max: number
}

/** Turns knobs into the columns that models are fitted on, and says how far outside the measured range they are. */
export interface KnobCodec {
  knobs: readonly KnobRange[]
  /** Tokens written are an input too. */
  outputTokens: { min: number; max: number } | null
}

/** One configuration that is asked about. */
export interface Configuration {
  knobs: Readonly<Record<string, KnobValue>>
  outputTokens?: number
}

const range = (values: Float64Array): { min: number; max: number } => {
  let [min, max] = [Infinity, -Infinity]
  for (const value of values) [min, max] = [Math.min(min, value), Math.max(max, value)]
  return { min, max }
}

/** Returns names, levels and measured ranges of a table's knobs. */
export function knobCodec(table: StageTable): KnobCodec {
  return {
    knobs: table.knobs.map(({ name, values, levels }) => ({
      name,
      levels,
      ...(levels === null ? range(values) : { min: 0, max: 0 })
    })),
    outputTokens: table.outputTokens.some(Number.isNaN) ? null : range(table.outputTokens)
  }
}

/** Columns: a number each for numeric knobs, one column per name, then the output tokens. */
export function encodeTable(codec: KnobCodec, table: StageTable): FeatureMatrix {
  const columns = new Map(table.knobs.map((knob) => [knob.name, knob]))
  return encode(codec, table.count, (name, row) => {
    if (name === null) return table.outputTokens[row]
    const knob = columns.get(name)
    if (knob === undefined) return undefined
    return knob.levels === null ? knob.values[row] : knob.levels[knob.values[row]]
  })
}

/** The same of configurations that are asked about. @throws input.invalid naming a missing knob */
export function encodeConfigurations(codec: KnobCodec, asked: readonly Configuration[]): FeatureMatrix {
  return encode(codec, asked.length, (name, row) =>
    name === null ? asked[row].outputTokens : asked[row].knobs[name]
  )
}

/**
 * The configuration with every knob that it leaves out and that had one value in training set to that value; `assumed`
 * lists those for a person. Others stay absent.
 */
export function withOnlyValues(
  codec: KnobCodec,
  asked: Configuration
): { configuration: Configuration; assumed: string[] } {
  const added: Record<string, KnobValue> = {}
  const assumed: string[] = []
  for (const { name, levels, min, max } of codec.knobs) {
    if (asked.knobs[name] !== undefined) continue
    const only =
      levels === null ? (min === max ? min : undefined) : levels.length === 1 ? levels[0] : undefined
    if (only === undefined) continue
    added[name] = only
    assumed.push(`${name} = ${only}`)
  }
  let { outputTokens } = asked
  const tokens = codec.outputTokens
  if (outputTokens === undefined && tokens !== null && tokens.min === tokens.max) {
    outputTokens = tokens.min
    assumed.push(`outputTokens = ${outputTokens}`)
  }
  if (assumed.length === 0) return { configuration: asked, assumed }
  const knobs = { ...asked.knobs, ...added }
  return { configuration: { knobs, ...(outputTokens === undefined ? {} : { outputTokens }) }, assumed }
}

/** Columns by plain loops: a scheduler encodes one configuration per decision, a filter a million. */
function encode(
  codec: KnobCodec,
  count: number,
  valueOf: (knob: string | null, row: number) => KnobValue | undefined
): FeatureMatrix {
  const names: string[] = []
  const columns: Float64Array[] = []
  const addNumbers = (name: string, knob: string | null): void => {
    const column = new Float64Array(count)
    for (let row = 0; row < count; row++) {
      const value = valueOf(knob, row)
      column[row] = typeof value === 'number' && Number.isFinite(value) ? value : numberOf(value, name)
    }
    names.push(name)
    columns.push(column)
  }
  for (const { name, levels } of codec.knobs) {
    if (levels === null) {
      addNumbers(name, name)
      continue
    }
    const first = columns.length
    for (const level of levels) {
      names.push(`${name} = ${level}`)
      columns.push(new Float64Array(count))
    }
    for (let row = 0; row < count; row++) {
      const value = valueOf(name, row)
      if (value === undefined) throw missing(name)
      const level = levels.indexOf(typeof value === 'string' ? value : String(value))
      if (level >= 0) columns[first + level][row] = 1
    }
  }
  if (codec.outputTokens !== null) addNumbers('outputTokens', null)
  return { names, columns, count }
}

function numberOf(value: KnobValue | undefined, name: string): number {
  if (value === undefined) throw missing(name)
  const number = Number(value)
  if (Number.isFinite(number)) return number
  throw new AppError('input.invalid', `${name} is "${String(value)}", not a number.`, 'Give a number.')
}

function missing(name: string): AppError {
  return new AppError(
    'input.invalid',
    `The configuration has no ${name}, which the estimator was trained with.`,
    `Give ${name} too.`
  )
}

/**
 * How far a configuration lies outside what was measured: 0 inside, 1 when a knob is a whole range width beyond, or
 * has a name that was never measured. Sum over knobs. `what` is for a person.
 */
export function outsideRange(codec: KnobCodec, asked: Configuration): { distance: number; what: string[] } {
  let distance = 0
  const what: string[] = []
  const check = (name: string, value: number, min: number, max: number): void => {
    const beyond = Math.max(min - value, value - max, 0)
    if (!(beyond > 0)) return
    distance += beyond / Math.max(max - min, 0.1 * Math.abs(max), 1e-9)
    what.push(`${name} = ${value} (measured: ${min} to ${max})`)
  }
  for (const { name, levels, min, max } of codec.knobs) {
    const value = asked.knobs[name]
    if (levels === null) check(name, Number(value), min, max)
    else if (!levels.includes(String(value))) {
      distance += 1
      what.push(`${name} = ${String(value)} (measured: ${levels.join(', ')})`)
    }
  }
  if (codec.outputTokens !== null) {
    const { min, max } = codec.outputTokens
    check('outputTokens', asked.outputTokens ?? NaN, min, max)
  }
  return { distance, what }
}
