import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { DuckDBBlobValue, DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api'
import { AppError } from '../../shared/errors'
import { migrate, type NounMigrations } from './migrations'
import { removeOwner, writeOwner } from './ownerFile'
import { openError, statementError } from './storeErrors'

/** What a column can be given and gives back. BIGINT comes back as a number (all ours stay below 2^53). */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null
export type SqlRow = Record<string, SqlValue>

export interface StoreSession {
  /** One statement with `$1`-style parameters. */
  run(sql: string, params?: readonly SqlValue[]): Promise<void>
  all<Row = SqlRow>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>
  /** Adds rows by column name; keys missing from a row become NULL. Much faster than INSERT for many rows. */
  append(table: string, rows: readonly SqlRow[]): Promise<void>
}

export interface Store extends StoreSession {
  /** Path of the data file, or ":memory:". */
  readonly file: string
  /** All or nothing; statements of others wait until it ended. */
  transaction<T>(work: (session: StoreSession) => Promise<T>): Promise<T>
  /** Writes a query's rows to a file; `params` as in `all`. Answers the number of rows. */
  exportQuery(
    sql: string,
    params: readonly SqlValue[],
    file: string,
    format: 'csv' | 'parquet'
  ): Promise<number>
  /** Tells other processes where this one can be reached (shown when they find the file locked). */
  announce(what: string, where: string | null): void
  close(): Promise<void>
}

export interface StoreOptions {
  /** Data file, or ":memory:" for tests. */
  file: string
  migrations: readonly NounMigrations[]
  /** DuckDB's memory_limit; it spills to disk beyond. */
  memoryLimit?: string
  threads?: number
  /** What this process is, for a second one that finds the file locked. */
  what?: string
}

/**
 * The one DuckDB file of this Bitbench. Statements run one after the other on one connection, so that a transaction
 * is never mixed with somebody else's statement. A committed statement is in DuckDB's write-ahead log on disk before
 * it is answered: kill -9 loses nothing that was acknowledged.
 *
 * @throws store.locked when another process owns the file (says who and where), store.corrupt, store.failed
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { file, migrations, memoryLimit = '512MB', threads = 2, what = 'another Bitbench' } = options
  const inMemory = file === ':memory:'
  let instance: DuckDBInstance
  let connection: DuckDBConnection
  try {
    if (!inMemory) mkdirSync(path.dirname(file), { recursive: true })
    instance = await DuckDBInstance.create(file, { memory_limit: memoryLimit, threads: String(threads) })
    connection = await instance.connect()
  } catch (cause) {
    throw openError(file, cause)
  }

  let tail: Promise<unknown> = Promise.resolve()
  let closed = false
  const queued = <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(closedError(file))
    const result = tail.then(work)
    tail = result.catch(() => undefined)
    return result
  }
  const direct = sessionOn(connection)
  const inTransaction = async <T>(work: (session: StoreSession) => Promise<T>): Promise<T> => {
    await direct.run('BEGIN TRANSACTION')
    try {
      const value = await work(direct)
      await direct.run('COMMIT')
      return value
    } catch (cause) {
      // A failed COMMIT has already rolled back; its own error is the one to tell.
      await direct.run('ROLLBACK').catch(() => undefined)
      throw cause
    }
  }

  const shut = (): void => {
    connection.closeSync()
    instance.closeSync()
    if (!inMemory) removeOwner(file)
  }
  try {
    await inTransaction((session) => migrate(session, migrations))
  } catch (cause) {
    shut()
    throw cause
  }
  const announce = (role: string, where: string | null): void => {
    if (!inMemory) writeOwner(file, { pid: process.pid, what: role, where })
  }
  announce(what, null)

  return {
    file,
    run: (sql, params) => queued(() => direct.run(sql, params)),
    all: (sql, params) => queued(() => direct.all(sql, params)),
    append: (table, rows) => queued(() => direct.append(table, rows)),
    transaction: (work) => queued(() => inTransaction(work)),
    exportQuery: (sql, params, target, format) =>
      queued(async () => {
        mkdirSync(path.dirname(path.resolve(target)), { recursive: true })
        // COPY takes no parameters inside its query: the rows go through a temporary table.
        await direct.run(`CREATE OR REPLACE TEMP TABLE store_export AS ${sql}`, params)
        try {
          const how = format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT parquet'
          await direct.run(`COPY store_export TO '${target.replaceAll("'", "''")}' (${how})`)
          const [row] = await direct.all<{ rows: number }>('SELECT count(*) AS rows FROM store_export')
          return row?.rows ?? 0
        } finally {
          await direct.run('DROP TABLE IF EXISTS store_export')
        }
      }),
    announce,
    async close() {
      if (closed) return
      closed = true
      await tail
      shut()
    }
  }
}

function sessionOn(connection: DuckDBConnection): StoreSession {
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
        const stray = Object.keys(row).find((key) => !known.has(key))
        if (stray !== undefined) throw statementError(new Error(`table ${table} has no column ${stray}`))
      }
      try {
        const appender = await connection.createAppender(table)
        try {
          for (const row of rows) {
            for (let at = 0; at < columns.length; at++) {
              const value = row[columns[at]!] ?? null
              if (value === null) appender.appendNull()
              else appender.appendValue(toDuck(value), appender.columnType(at))
            }
            appender.endRow()
          }
          appender.flushSync()
        } finally {
          appender.closeSync()
        }
      } catch (cause) {
        throw statementError(cause)
      }
    }
  }
  return session
}

function toDuck(value: SqlValue): DuckDBValue {
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

function closedError(file: string): AppError {
  return new AppError(
    'store.failed',
    `The data file ${file} was closed.`,
    'Bitbench is shutting down; start it again.'
  )
}
