import {
  DuckDBListValue,
  DuckDBTypeId,
  DuckDBBlobValue,
  DuckDBDataChunk,
  type DuckDBVector,
  type DuckDBConnection,
  type DuckDBType,
  type DuckDBValue
} from '@duckdb/node-api'
import type { SqlRow, SqlValue, StoreSession } from './sql'
import { statementError } from './storeErrors'

/** DuckDB's own number of rows per chunk. */
const chunkRows = 2048

/** Statements and appends on one connection. @throws store.failed */
export function sessionOn(connection: DuckDBConnection): StoreSession {
  const columnsOf = new Map<string, string[]>()
  const session: StoreSession = {
    async run(sql, params = []) {
      try {
        await connection.run(sql, params.map(toDuck))
      } catch (cause) {
        throw statementError(cause)
      }
    },
    async all<Row>(sql: string, params: readonly SqlValue[] = []) {
      try {
        const reader = await connection.runAndReadAll(sql, params.map(toDuck))
        return reader.getRowObjectsJS().map((row) => fromDuck(row as Record<string, unknown>)) as Row[]
      } catch (cause) {
        throw statementError(cause)
      }
    },
    async append(table, rows) {
      if (rows.length === 0) return
      const columns = await knownColumns(table)
      const known = new Set(columns)
      for (const row of rows) requireColumns(table, known, row)
      await appendChunks(
        connection,
        table,
        { columns, rows: rows.length },
        (chunk, index, { start, count }) => {
          const convert = converterFor(chunk.getColumnVector(index).type)
          const values = new Array<DuckDBValue>(count)
          for (let row = 0; row < count; row++) {
            const value = rows[start + row][columns[index]]
            values[row] = value === null || value === undefined ? null : convert(value)
          }
          chunk.setColumnValues(index, values)
        }
      )
    },
    async appendColumns(table, rows, values) {
      if (rows === 0) return
      const columns = await knownColumns(table)
      requireColumns(table, new Set(columns), values)
      await appendChunks(connection, table, { columns, rows }, (chunk, index, { start, count }) =>
        fillColumn(chunk.getColumnVector(index), values[columns[index]], start, count)
      )
    }
  }
  const knownColumns = async (table: string): Promise<string[]> => {
    const before = columnsOf.get(table)
    if (before !== undefined) return before
    const found = await session.all<{ column_name: string }>(
      'SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position',
      [table]
    )
    const columns = found.map((row) => row.column_name)
    columnsOf.set(table, columns)
    return columns
  }
  return session
}

function requireColumns(
  table: string,
  known: ReadonlySet<string>,
  values: Readonly<Record<string, unknown>>
): void {
  for (const name in values) {
    if (!known.has(name)) throw statementError(new Error(`table ${table} has no column ${name}`))
  }
}

/** Writes one column of a chunk whose first row is `start` of what is appended. */
type FillColumn = (chunk: DuckDBDataChunk, index: number, part: { start: number; count: number }) => void

/** Appends column by column in chunks, a few times as fast as value by value; lets other work run between chunks. */
async function appendChunks(
  connection: DuckDBConnection,
  table: string,
  { columns, rows }: { columns: readonly string[]; rows: number },
  fill: FillColumn
): Promise<void> {
  try {
    const appender = await connection.createAppender(table)
    try {
      const types = columns.map((_, index) => appender.columnType(index))
      for (let start = 0; start < rows; start += chunkRows) {
        const count = Math.min(chunkRows, rows - start)
        const chunk = DuckDBDataChunk.create(types, count)
        for (let index = 0; index < columns.length; index++) fill(chunk, index, { start, count })
        appender.appendDataChunk(chunk)
        if (start > 0 && start % (8 * chunkRows) === 0) await new Promise(setImmediate)
      }
      appender.flushSync()
    } catch (cause) {
      // Closing it would write what is left, or fail by that and hide the fault.
      appender.clear()
      throw cause
    } finally {
      appender.closeSync()
    }
  } catch (cause) {
    throw statementError(cause)
  }
}

function fillColumn(
  vector: DuckDBVector,
  values: string | Float64Array | undefined,
  start: number,
  count: number
): void {
  for (let row = 0; row < count; row++) {
    const value = typeof values === 'object' ? values[start + row] : values
    vector.setItem(row, value === undefined || Number.isNaN(value) ? null : value)
  }
  vector.flush()
}

function converterFor(type: DuckDBType): (value: NonNullable<SqlValue>) => DuckDBValue {
  if (type.typeId === DuckDBTypeId.BIGINT || type.typeId === DuckDBTypeId.UBIGINT)
    return (value) => BigInt(value as number | bigint)
  if (type.typeId === DuckDBTypeId.LIST)
    return (value) => new DuckDBListValue(JSON.parse(value as string) as DuckDBValue[])
  return toDuck
}

/** Returns a value as DuckDB's binding takes it. */
export function toDuck(value: SqlValue): DuckDBValue {
  return value instanceof Uint8Array ? new DuckDBBlobValue(value) : value
}

function fromDuck(row: Record<string, unknown>): SqlRow {
  for (const key of Object.keys(row)) {
    const value = row[key]
    if (typeof value === 'bigint' && value >= -9007199254740991n && value <= 9007199254740991n)
      row[key] = Number(value)
  }
  return row as SqlRow
}
