import { formatBytes, formatWhole } from '../../shared/units'
import { AppError } from '../../shared/errors'
import { originColumns, sharedSchemaVersion, sharedTables, type SharedTableName } from './sharedTables'
import type { SharedPart } from './sharedParts'

/** Runs one statement on the views' own DuckDB. */
export type Ask = <Row>(sql: string) => Promise<Row[]>

const maxRows = 50_000_000
/** What a part may unpack to: a small file can hold a large one. */
const maxUnpackedBytes = 8 * 2 ** 30

/** Columns that are shown or sorted by as times. */
const timeColumns: Readonly<Partial<Record<SharedTableName, string>>> = {
  hosts: 'published_at_ms',
  runs: 'started_at_ms',
  results: 'at_ms'
}
/** The last time that a date can have, ms. */
const maxTimeMs = 8.64e15

/** Returns a text as an SQL literal. */
export const sqlString = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * Reads a part to its end and returns why it is left out, or null. It may be hostile. The origin in its rows must be the
 * host whose folder it lies in.
 */
export async function checkPart(ask: Ask, part: SharedPart): Promise<string | null> {
  try {
    return (await checkFooter(ask, part)) ?? (await checkColumns(ask, part)) ?? (await checkRows(ask, part))
  } catch (cause) {
    return `it cannot be read: ${firstLine(cause)}`
  }
}

async function checkFooter(ask: Ask, { file }: SharedPart): Promise<string | null> {
  const name = sqlString(file)
  const [{ rows } = { rows: 0 }] = await ask<{ rows: number }>(
    `SELECT num_rows::DOUBLE AS rows FROM parquet_file_metadata(${name})`
  )
  if (!(rows <= maxRows)) return `it says that it has ${formatWhole(rows)} rows`
  const [{ bytes } = { bytes: 0 }] = await ask<{ bytes: number }>(
    `SELECT coalesce(sum(total_uncompressed_size), 0)::DOUBLE AS bytes FROM parquet_metadata(${name})`
  )
  return bytes <= maxUnpackedBytes ? null : `it would unpack to ${formatBytes(bytes)}`
}

async function checkColumns(ask: Ask, { file, table }: SharedPart): Promise<string | null> {
  const found = await ask<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM read_parquet(${sqlString(file)}, hive_partitioning = false)`
  )
  const types = new Map(found.map((row) => [row.column_name, row.column_type]))
  if (types.get('schema_version') === 'INTEGER') {
    const [{ newest } = { newest: 0 }] = await ask<{ newest: number }>(
      `SELECT coalesce(max(schema_version), 0) AS newest FROM read_parquet(${sqlString(file)}, hive_partitioning = false)`
    )
    if (newest > sharedSchemaVersion) return `a newer Bitbench wrote it (form ${newest}): update this one`
  }
  for (const { name, type } of [...originColumns, ...sharedTables[table]]) {
    const has = types.get(name)
    if (has === undefined) return `it has no column ${name}`
    if (has !== type) return `its column ${name} is ${has.slice(0, 40)}, not ${type}`
  }
  return null
}

async function checkRows(ask: Ask, { file, table, host }: SharedPart): Promise<string | null> {
  const columns = [...originColumns, ...sharedTables[table]].map(({ name }) => name)
  const time = timeColumns[table]
  const noTime = time === undefined ? 'false' : `NOT coalesce(${time} BETWEEN 0 AND ${maxTimeMs}, false)`
  // The hash makes DuckDB unpack every value: pages that are damaged come to light here and not in a list.
  const [row] = await ask<{ strangers: number; timeless: number; longest: number; mark: string }>(
    `SELECT count(*) FILTER (NOT coalesce(host_name || '-' || left(origin, 8) = ${sqlString(host)}, false))::DOUBLE AS strangers,
       count(*) FILTER (${noTime})::DOUBLE AS timeless,
       coalesce(max(length(origin || host_name)), 0)::DOUBLE AS longest, bit_xor(hash(${columns.join(', ')}))::VARCHAR AS mark
     FROM read_parquet(${sqlString(file)}, hive_partitioning = false)`
  )
  if (row === undefined || row.strangers > 0) return `its rows say that they are of another host than ${host}`
  return row.timeless > 0 ? `its column ${time} has values that are no time` : null
}

/** What DuckDB says, without the statement behind it. */
export function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  return withoutControls((text.split('\n', 1)[0] ?? text).slice(0, 200))
}

/** Text of another host without what would move the cursor or change the colours of a terminal. */
export const withoutControls = (text: string): string => text.replace(/\p{Cc}/gu, ' ')

/** The error of a statement over the views. */
export function queryError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause
  return new AppError(
    'input.invalid',
    `The shared folder could not be queried: ${firstLine(cause)}`,
    'Views are hosts, runs, samples, readings and results; DESCRIBE results lists the columns of one.',
    { cause }
  )
}
