import {
  DuckDBListValue,
  DuckDBTypeId,
  DuckDBBlobValue,
  DuckDBDataChunk,
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
      let columns = columnsOf.get(table)
      if (columns === undefined) {
        const found = await session.all<{ column_name: string }>(
          'SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position',
          [table]
        )
        columns = found.map((row) => row.column_name)
        columnsOf.set(table, columns)
      }
      const known = new Set(columns)
      for (const row of rows) {
        for (const key in row) {
          if (!known.has(key)) throw statementError(new Error(`table ${table} has no column ${key}`))
        }
      }
      await appendChunks(connection, table, columns, rows)
    }
  }
  return session
}

/** Appends column by column in chunks, a few times as fast as value by value; lets other work run between chunks. */
async function appendChunks(
  connection: DuckDBConnection,
  table: string,
  columns: readonly string[],
  rows: readonly SqlRow[]
): Promise<void> {
  try {
    const appender = await connection.createAppender(table)
    try {
      const types = columns.map((_, index) => appender.columnType(index))
      for (let start = 0; start < rows.length; start += chunkRows) {
        const count = Math.min(chunkRows, rows.length - start)
        const chunk = DuckDBDataChunk.create(types, count)
        columns.forEach((column, index) => {
          const convert = converterFor(types[index])
          const values = new Array<DuckDBValue>(count)
          for (let row = 0; row < count; row++) {
            const value = rows[start + row][column]
            values[row] = value === null || value === undefined ? null : convert(value)
          }
          chunk.setColumnValues(index, values)
        })
        appender.appendDataChunk(chunk)
        if (start > 0 && start % (8 * chunkRows) === 0) await new Promise(setImmediate)
      }
      appender.flushSync()
    } finally {
      appender.closeSync()
    }
  } catch (cause) {
    throw statementError(cause)
  }
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
