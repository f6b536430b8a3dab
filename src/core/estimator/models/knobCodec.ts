import { AppError } from '../../../shared/errors'
import type { FeatureMatrix } from '../../regression/featureMatrix'
import type { KnobValue } from '../samples/stageSample'
import type { StageTable } from '../samples/stageTable'

/** Range of a number among the samples whose knob `knob` has the name `level`. */
export interface LevelRange {
  knob: string
  level: string
  min: number
  max: number
}

/** Measured range of a number. */
export interface FittedRange {
  min: number
  max: number
  /** Names with which a much narrower range was measured; absent where there are none. */
  byLevel?: LevelRange[] | undefined
}

/** One knob as it was measured; the range of names is 0 to 0. */
export interface KnobRange extends FittedRange {
  name: string
  /** Measured names; null for numbers. */
  levels: readonly string[] | null
}

/** Turns knobs into the columns that models are fitted on, and says how far outside the measured range they are. */
export interface KnobCodec {
  knobs: readonly KnobRange[]
  /** Tokens written are an input too. */
  outputTokens: FittedRange | null
}

/** One configuration to predict. */
export interface Configuration {
  knobs: Readonly<Record<string, KnobValue>>
  outputTokens?: number
}

const range = (values: Float64Array): { min: number; max: number } => {
  let [min, max] = [Infinity, -Infinity]
  for (const value of values) [min, max] = [Math.min(min, value), Math.max(max, value)]
  return { min, max }
}

/** Share of a number's whole range that the samples of a name must leave out at one end to count as narrower. */
const narrowerBy = 0.1

/** A number's range, and the ranges that go with names where those are narrower: image tiers fix the vision tokens. */
function fittedRange(table: StageTable, values: Float64Array): FittedRange {
  const whole = range(values)
  const least = narrowerBy * (whole.max - whole.min)
  const byLevel: LevelRange[] = []
  for (const { name, values: positions, levels } of table.knobs) {
    for (const [position, level] of (levels ?? []).entries()) {
      const { min, max } = range(values.filter((_, row) => positions[row] === position))
      // Every sample with the name may have been dropped as an outlier.
      if (min > max) continue
      if (min - whole.min > least || whole.max - max > least) byLevel.push({ knob: name, level, min, max })
    }
  }
  return byLevel.length === 0 ? whole : { ...whole, byLevel }
}

/** Returns names, levels and measured ranges of a table's knobs; names without a sample in the table are not among the levels. */
export function knobCodec(table: StageTable): KnobCodec {
  return {
    knobs: table.knobs.map(({ name, values, levels }) => ({
      name,
      levels: levels === null ? null : levels.filter((_, position) => values.includes(position)),
      ...(levels === null ? fittedRange(table, values) : { min: 0, max: 0 })
    })),
    outputTokens: table.outputTokens.some(Number.isNaN) ? null : fittedRange(table, table.outputTokens)
  }
}

/** The range of a number that was measured with these names: the part that all of them share, or of the first alone. */
export function rangeWith(
  { min, max, byLevel = [] }: FittedRange,
  knobs: Configuration['knobs']
): { min: number; max: number } {
  let shared = { min, max }
  for (const { knob, level, min: low, max: high } of byLevel) {
    if (String(knobs[knob]) !== level) continue
    const both = { min: Math.max(shared.min, low), max: Math.min(shared.max, high) }
    if (both.min <= both.max) shared = both
  }
  return shared
}

/** The middle of what was measured with these names: a whole number where one lies within. */
export function middleWith(measured: FittedRange, knobs: Configuration['knobs']): number {
  const { min, max } = rangeWith(measured, knobs)
  const middle = (min + max) / 2
  const whole = Math.round(middle)
  return whole < min || whole > max ? middle : whole
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

/** The same of configurations to predict. @throws input.invalid naming a missing knob */
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
 * has a name that was never measured. A number counts as outside too where it was not measured with the name beside it.
 * Sum over knobs. `what` is for a person.
 */
export function outsideRange(codec: KnobCodec, asked: Configuration): { distance: number; what: string[] } {
  let distance = 0
  const what: string[] = []
  const check = (name: string, value: number, measured: FittedRange): void => {
    const { min, max, byLevel = [] } = measured
    const width = Math.max(max - min, 0.1 * Math.abs(max), 1e-9)
    const beyondOf = (part: { min: number; max: number }): number =>
      Math.max(part.min - value, value - part.max, 0)
    const beyond = beyondOf(measured)
    if (beyond > 0) what.push(`${name} = ${value} (measured: ${min} to ${max})`)
    let farthest = beyond
    // Outside of all that was measured, nothing is said of single names.
    for (const part of beyond > 0 ? [] : byLevel) {
      if (String(asked.knobs[part.knob]) !== part.level || beyondOf(part) <= narrowerBy * width) continue
      farthest = Math.max(farthest, beyondOf(part))
      const span = part.min === part.max ? String(part.min) : `${part.min} to ${part.max}`
      what.push(`${name} = ${value} (measured with ${part.knob} = ${part.level}: ${span})`)
    }
    distance += farthest / width
  }
  for (const knob of codec.knobs) {
    const { name, levels } = knob
    const value = asked.knobs[name]
    if (levels === null) check(name, Number(value), knob)
    else if (!levels.includes(String(value))) {
      distance += 1
      what.push(`${name} = ${String(value)} (measured: ${levels.join(', ')})`)
    }
  }
  if (codec.outputTokens !== null) check('outputTokens', asked.outputTokens ?? NaN, codec.outputTokens)
  return { distance, what }
}
