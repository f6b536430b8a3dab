import { itemKey, type BenchItem } from '../../../core/kernel/shape'
import { sampleSchema, type Sample } from '../../../shared/contract/profile'
import { AppError } from '../../../shared/errors'
import type { Quantity } from '../../../shared/vocabulary'
import { columnName } from '../../store/fieldColumns'
import { parseJson, type ParsedJson } from '../../store/recordTable'
import type { SqlRow, SqlValue } from '../../store/store'

const dimsSchema = sampleSchema.shape.dims
const benchItemSchema = sampleSchema.pick({
  kernel: true,
  dims: true,
  activationBits: true,
  weightBits: true
})

/** One field of a Sample: its column in the data file, and its heading in a CSV where it is provenance. */
interface SampleColumn {
  readonly field: keyof Sample
  readonly column: string
  /** Heading in an exported CSV; absent: the CSV has it in the columns that proxies read. */
  readonly csv?: string
}

const column = (field: keyof Sample, csv?: string): SampleColumn => ({
  field,
  column: columnName(field),
  ...(csv === undefined ? {} : { csv })
})

/**
 * A Sample's fields in the order of an exported CSV: the one list that insert, read and CSV follow. The table itself is
 * made by a released migration, which is never edited; a test holds the two together.
 */
export const sampleFields: readonly SampleColumn[] = [
  column('id', 'SampleId'),
  column('boardName', 'Board'),
  column('coreName', 'Core'),
  column('isa', 'Isa'),
  column('buildId', 'BuildId'),
  column('clockHz', 'ClockHz'),
  column('method', 'Method'),
  column('origin', 'Origin'),
  column('repetitions', 'Repetitions'),
  column('seed', 'Seed'),
  column('instructions', 'Instructions'),
  column('cycles', 'Cycles'),
  column('checksum', 'Checksum'),
  column('campaignId', 'CampaignId'),
  column('measuredAtMs', 'MeasuredAt'),
  column('kernel'),
  column('dims'),
  column('activationBits'),
  column('weightBits'),
  column('time'),
  column('timeMin'),
  column('timeMax'),
  column('unit'),
  column('macs'),
  column('verified'),
  column('boardId'),
  column('boardKind')
]

/** Columns that no Sample has: the key of what was measured, and how long that took on the wall clock. */
export const rowOnlyColumns = ['item_key', 'took_ms'] as const

/** Condition on `profile_sample`: the Samples of a quantity. */
export const ofQuantity = (quantity: Quantity): string =>
  quantity === 'energy' ? "unit = 'nJ'" : "unit <> 'nJ'"

/** What a SELECT from `profile_sample s` lists for readSample. */
export const sampleColumns = sampleFields
  .map(({ column: name }) => (name === 'dims' ? 'to_json(s.dims) AS dims' : `s.${name}`))
  .join(', ')

const insertColumns = [...sampleFields.map(({ column: name }) => name), ...rowOnlyColumns]
const placeholders = insertColumns.map((name, index) =>
  name === 'dims' ? `from_json($${index + 1}, '["INTEGER"]')` : `$${index + 1}`
)
export const insertSample = `INSERT INTO profile_sample (${insertColumns.join(', ')}) VALUES (${placeholders.join(', ')})`

/** Parameters of `insertSample`. `tookMs`: wall-clock time of the measurement, null where it is not known. */
export function sampleParameters(sample: Sample, tookMs: number | null): SqlValue[] {
  const values = sampleFields.map(({ field }): SqlValue => {
    const value = sample[field]
    return Array.isArray(value) ? JSON.stringify(value) : value
  })
  return [...values, itemKey(sample), tookMs]
}

/** A Sample as a row for `append`; `tookMs` as in sampleParameters. */
export function sampleRow(sample: Sample, tookMs: number | null): SqlRow {
  const values = sampleParameters(sample, tookMs)
  return Object.fromEntries(insertColumns.map((name, index) => [name, values[index]]))
}

/** A row as a Sample. @throws store.corrupt naming the field that does not fit */
export function readSample(row: SqlRow): Sample {
  const found = parseSample(row)
  if (found.problem === null) return found.value
  throw new AppError(
    'store.corrupt',
    `The Sample ${String(row['id'])} cannot be read (${found.problem}).`,
    'Delete its campaign with its Samples, or restore the data file from a copy.'
  )
}

/** A row as a Sample, or the field that does not fit; never throws. */
export function parseSample(row: SqlRow): ParsedJson<Sample> {
  const dims = parseJson(String(row['dims']), dimsSchema)
  if (dims.problem !== null) return { value: null, problem: `dims: ${dims.problem}` }
  const values = Object.fromEntries(sampleFields.map(({ field, column: name }) => [field, row[name]]))
  const found = sampleSchema.safeParse({ ...values, dims: dims.value })
  if (found.success) return { value: found.data, problem: null }
  const [issue] = found.error.issues
  return { value: null, problem: `${issue?.path.join('.')}: ${issue?.message}` }
}

/** Provenance of Samples as CSV columns; an empty text stands for a value that is not known. */
export function provenanceColumns(samples: readonly Sample[]): Record<string, string[]> {
  const text = (sample: Sample, field: keyof Sample): string =>
    field === 'measuredAtMs' ? new Date(sample.measuredAtMs).toISOString() : String(sample[field] ?? '')
  return Object.fromEntries(
    sampleFields.flatMap(({ field, csv }) =>
      csv === undefined ? [] : [[csv, samples.map((sample) => text(sample, field))]]
    )
  )
}

/** What a row with kernel, dims as JSON, activation_bits and weight_bits measured; null where they do not fit. */
export function readBenchItem(row: SqlRow): BenchItem | null {
  const dims = parseJson(String(row['dims']), dimsSchema)
  const found = benchItemSchema.safeParse({
    kernel: row['kernel'],
    dims: dims.value,
    activationBits: row['activation_bits'],
    weightBits: row['weight_bits']
  })
  return found.success ? found.data : null
}
