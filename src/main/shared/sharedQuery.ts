import { StatementType, type DuckDBConnection } from '@duckdb/node-api'
import type { StopSignal } from '../../shared/contract/framework/define'
import { AppError } from '../../shared/errors'
import { formatDuration } from '../../shared/units'
import { queryError, sqlString } from './sharedCheck'

/** A value of a query as JSON has it. */
export type Cell = string | number | boolean | null

/** What limits a query that a person wrote. */
export interface QueryLimits {
  /** Most rows. */
  readonly limit: number
  readonly signal: StopSignal
  /** Longer ones are ended, ms: others wait for the same DuckDB. */
  readonly maxMs?: number
}

const defaultMaxMs = 120_000

/**
 * Functions that a SELECT may not call: some change or write (logs go into files or to standard output), some run SQL that
 * is not seen here, some show settings, among them the keys of a bucket.
 */
const closedFunctions = new Set([
  ...['enable_logging', 'disable_logging', 'truncate_duckdb_logs', 'write_log', 'duckdb_logs'],
  ...['enable_profiling', 'disable_profiling', 'enable_peg_parser', 'disable_peg_parser'],
  ...['checkpoint', 'force_checkpoint', 'query', 'query_table', 'json_execute_serialized_sql'],
  ...['current_setting', 'duckdb_settings', 'duckdb_secrets', 'which_secret']
])
/** Views over them. */
const closedViews = new Set(['pg_settings', 'duckdb_logs'])

/**
 * Runs one SELECT; returns its columns and the first rows.
 *
 * @throws input.invalid (no SELECT, a closed function, too long), job.cancelled
 */
export async function runQuery(
  connection: DuckDBConnection,
  sql: string,
  { limit, signal, maxMs = defaultMaxMs }: QueryLimits
): Promise<{ columns: string[]; rows: Cell[][]; more: boolean }> {
  if (signal.aborted) throw cancelled()
  let isLate = false
  let again: NodeJS.Timeout | undefined
  // An interrupt that comes before the statement runs is lost: it is repeated until the query has ended.
  const interrupt = (): void => {
    connection.interrupt()
    again ??= setInterval(() => connection.interrupt(), 50)
  }
  const timer = setTimeout(() => {
    isLate = true
    interrupt()
  }, maxMs)
  signal.addEventListener('abort', interrupt)
  try {
    return await queried(connection, sql, limit)
  } catch (cause) {
    if (signal.aborted) throw cancelled()
    throw isLate ? tooLong(maxMs) : queryError(cause)
  } finally {
    clearTimeout(timer)
    clearInterval(again)
    signal.removeEventListener('abort', interrupt)
  }
}

async function queried(
  connection: DuckDBConnection,
  sql: string,
  limit: number
): Promise<{ columns: string[]; rows: Cell[][]; more: boolean }> {
  const statements = await connection.extractStatements(sql)
  if (statements.count !== 1) throw onlySelect()
  // Before the statement is prepared: some of these functions take effect when they are bound.
  await checkNames(connection, sql)
  const prepared = await statements.prepare(0)
  try {
    if (prepared.statementType !== StatementType.SELECT) throw onlySelect()
    const reader = await prepared.streamAndReadUntil(limit + 1)
    const rows = reader.getRowsJson().slice(0, limit)
    return {
      columns: reader.columnNames(),
      rows: rows.map((row) => row.map(cellOf)),
      more: reader.currentRowCount > limit
    }
  } finally {
    prepared.destroySync()
  }
}

/** Reads the names out of DuckDB's own parse tree: a name in a comment or a text is none, one in quotation marks is. */
async function checkNames(connection: DuckDBConnection, sql: string): Promise<void> {
  const reader = await connection.runAndReadAll(`SELECT json_serialize_sql(${sqlString(sql)}::VARCHAR)`)
  const tree = String(reader.getRowsJson()[0]?.[0])
  if (!tree.startsWith('{"error":false')) throw onlySelect()
  for (const [, kind, name] of tree.matchAll(/"(function_name|table_name)":"([^"\\]*)"/g)) {
    const plain = (name ?? '').toLowerCase()
    if ((kind === 'function_name' ? closedFunctions : closedViews).has(plain))
      throw new AppError(
        'input.invalid',
        `${plain} cannot be used in a query of the shared folder.`,
        'Views are hosts, runs, samples, readings and results; functions that write or show settings are closed.'
      )
  }
}

function cellOf(value: unknown): Cell {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const onlySelect = (): AppError =>
  new AppError(
    'input.invalid',
    'The shared folder is read only.',
    'Write one SELECT, without a second statement.'
  )

const cancelled = (): AppError =>
  new AppError('job.cancelled', 'The query was cancelled.', 'Send it again to run it.')

const tooLong = (maxMs: number): AppError =>
  new AppError(
    'input.invalid',
    `The query did not end within ${formatDuration(maxMs)}.`,
    'Narrow it with WHERE host = … or with fewer columns, or query the Parquet files with DuckDB itself.'
  )
