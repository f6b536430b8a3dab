import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { AppError } from '../../shared/errors'
import { migrate, type NounMigrations } from './migrations'
import { removeOwner, writeOwner } from './ownerFile'
import { exportTable } from './exportTable'
import { readColumns, readTexts, type ColumnSpace } from './queryColumns'
import { sessionOn } from './session'
import { openError } from './storeErrors'
import type { SqlRow, SqlValue, StoreSession } from './sql'

export type { SqlRow, SqlValue, StoreSession } from './sql'

export interface Store extends StoreSession {
  /** Path of the data file, or ":memory:". */
  readonly file: string
  /** All or nothing; statements of others wait until it ended. */
  transaction<T>(work: (session: StoreSession) => Promise<T>): Promise<T>
  /**
   * The columns of a query as numbers, NaN for NULL: for results that grow with the data. Sees every statement that was
   * issued before it, and keeps none that come after it waiting. The columns lie in shared memory.
   *
   * @param space the expected number of rows, or columns of an earlier call, which are written over
   */
  columns(sql: string, params?: readonly SqlValue[], space?: ColumnSpace): Promise<Float64Array[]>
  /** The first column of a query as texts, empty for NULL; otherwise like columns. */
  texts(sql: string, params?: readonly SqlValue[]): Promise<string[]>
  /** The rows of a query that may take long: sees what was issued before it, and keeps nothing after it waiting. */
  read<Row = SqlRow>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>
  /** Statements that take long and touch rows that no other statement changes: a transaction beside the others. */
  transactionBeside(work: (session: StoreSession) => Promise<void>): Promise<void>
  /**
   * Writes a query's rows to a file and returns their number. The file appears whole, or not at all: what stood there
   * before is kept until then. Keeps no other statement waiting.
   *
   * @throws store.exportFailed (a full disk, a folder that cannot be written)
   */
  exportQuery(
    sql: string,
    params: readonly SqlValue[],
    file: string,
    format: 'csv' | 'parquet'
  ): Promise<number>
  /** Tells other processes where this one can be reached (shown when they find the file locked). */
  announce(what: string, where: string | null, token?: string): void
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
    if (!inMemory) keepPrivate(path.dirname(file), file)
    instance = await DuckDBInstance.create(file, { memory_limit: memoryLimit, threads: String(threads) })
    connection = await instance.connect()
    if (!inMemory) keepPrivate(path.dirname(file), file)
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

  const readers = new Set<Promise<unknown>>()
  /** Runs `work` on a connection of its own, after what was issued before it and beside what comes later. */
  const beside = async <T>(work: (reading: DuckDBConnection) => Promise<T>): Promise<T> => {
    if (closed) throw closedError(file)
    const result = tail.then(async () => {
      const reading = await instance.connect()
      try {
        return await work(reading)
      } finally {
        reading.closeSync()
      }
    })
    readers.add(result)
    return await result.finally(() => readers.delete(result))
  }

  const shut = (): void => {
    connection.closeSync()
    instance.closeSync()
    if (!inMemory) removeOwner(file)
  }
  try {
    await inTransaction(direct, (session) => migrate(session, migrations))
  } catch (cause) {
    shut()
    throw cause
  }
  const announce = (role: string, where: string | null, token: string | null = null): void => {
    if (!inMemory) writeOwner(file, { pid: process.pid, what: role, where, token })
  }
  announce(what, null)

  return {
    file,
    run: (sql, params) => queued(() => direct.run(sql, params)),
    all: (sql, params) => queued(() => direct.all(sql, params)),
    append: (table, rows) => queued(() => direct.append(table, rows)),
    transaction: (work) => queued(() => inTransaction(direct, work)),
    transactionBeside: (work) => beside((other) => inTransaction(sessionOn(other), work)),
    columns: (sql, params, space) => beside((reading) => readColumns(reading, sql, params, space)),
    texts: (sql, params) => beside((reading) => readTexts(reading, sql, params)),
    read: (sql, params) => beside((reading) => sessionOn(reading).all(sql, params)),
    exportQuery: (sql, params, target, format) =>
      beside((reading) => exportTable(reading, sql, params, target, format)),
    announce,
    async close() {
      if (closed) return
      closed = true
      await tail
      await Promise.allSettled(readers)
      shut()
    }
  }
}

async function inTransaction<T>(
  session: StoreSession,
  work: (session: StoreSession) => Promise<T>
): Promise<T> {
  await session.run('BEGIN TRANSACTION')
  try {
    const value = await work(session)
    await session.run('COMMIT')
    return value
  } catch (cause) {
    // A failed COMMIT has already rolled back; its own error is the one to report.
    await session.run('ROLLBACK').catch(() => undefined)
    throw cause
  }
}

/** The data folder holds command lines and results of one user: other users must not read them. */
function keepPrivate(folder: string, file: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (process.platform === 'win32') return
  for (const [target, mode] of [
    [folder, 0o700],
    [file, 0o600],
    [`${file}.wal`, 0o600]
  ] as const) {
    try {
      chmodSync(target, mode)
    } catch {
      // Not there yet, or another user's folder that was chosen on purpose: opening decides.
    }
  }
}

function closedError(file: string): AppError {
  return new AppError(
    'store.failed',
    `The data file ${file} was closed.`,
    'Bitbench is shutting down; start it again.'
  )
}
