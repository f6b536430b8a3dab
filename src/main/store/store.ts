import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import type { StoreLoss } from '../../shared/contract/store'
import { AppError } from '../../shared/errors'
import { createTurns } from '../../shared/turns'
import { recordChanges } from './changedTables'
import { migrate, type NounMigrations } from './migrations'
import { removeOwner, writeOwner } from './ownerFile'
import { exportTable } from './exportTable'
import { readColumns, readTexts, scanColumns, type TakeColumns } from './queryColumns'
import { sessionOn } from './session'
import { openDataFile } from './openDataFile'
import { lossMigrations, saveLoss } from './storeLosses'
import type { SqlRow, SqlValue, StoreSession } from './sql'
import { keepWalJournal } from './walJournal'

export type { ColumnValues, SqlRow, SqlValue, StoreSession } from './sql'

/** The data file: statements, transactions and reads of columns. */
export interface Store extends StoreSession {
  /** Path of the data file, or ":memory:". */
  readonly file: string
  /** All or nothing; statements of others wait until it ended. */
  transaction<T>(work: (session: StoreSession) => Promise<T>): Promise<T>
  /**
   * The columns of a query as numbers, NaN for NULL: for results that grow with the data. Sees every statement that was
   * issued before it, and keeps none that come after it waiting. The columns lie in shared memory.
   *
   * @param expected number of rows
   */
  columns(sql: string, params?: readonly SqlValue[], expected?: number): Promise<Float64Array[]>
  /** Like columns, but passes the rows on chunk by chunk: for results that are too many to hold. */
  scan(sql: string, params: readonly SqlValue[], take: TakeColumns): Promise<void>
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
   * @param pieces values of further parameters for each piece of rows that are too many to be sorted at once (exportTable.ts)
   * @throws store.exportFailed (a full disk, a folder that cannot be written)
   */
  exportQuery(
    sql: string,
    params: readonly SqlValue[],
    file: string,
    format: 'csv' | 'parquet',
    pieces?: readonly (readonly SqlValue[])[]
  ): Promise<number>
  /** Records for other processes where this one can be reached (shown when they find the file locked). */
  announce(what: string, where: string | null, token?: string): void
  close(): Promise<void>
}

/** How a data file is opened. */
export interface StoreOptions {
  /** Data file, or ":memory:" for tests. */
  file: string
  migrations: readonly NounMigrations[]
  /** DuckDB's memory_limit; it spills to disk beyond. The rest of a host takes about 150 MB. */
  memoryLimit?: string
  threads?: number
  /** What this process is, for a second one that finds the file locked. */
  what?: string
  nowMs?: () => number
  /** Called when changes that were acknowledged before are missing; the loss is stored too. */
  onLoss?: (loss: StoreLoss) => void
}

/**
 * The one DuckDB file of this Bitbench. Statements run one after the other on one connection, so that a transaction
 * is never mixed with somebody else's statement. A committed statement is in DuckDB's write-ahead log on disk before
 * it resolves: kill -9 loses nothing that was acknowledged.
 *
 * @throws store.locked when another process owns the file (says who and where), store.corrupt, store.failed
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { file, migrations, memoryLimit = '224MB', threads = 2, what = 'another Bitbench' } = options
  const { nowMs = Date.now, onLoss } = options
  const inMemory = file === ':memory:'
  const settings = { memory_limit: memoryLimit, threads: String(threads) }
  const { instance, loss } = await openInstance(file, settings, nowMs)
  const connection = await instance.connect()
  const journal = inMemory ? null : keepWalJournal(file, nowMs)

  const turns = createTurns()
  let closed = false
  const queued = <T>(work: () => Promise<T>): Promise<T> =>
    closed ? Promise.reject(closedError(file)) : turns.take(work)
  const direct = sessionOn(connection)
  /** Runs `work`, then adds what it changed to the journal. */
  const acknowledged = async <T>(
    session: StoreSession,
    work: (session: StoreSession) => Promise<T>
  ): Promise<T> => {
    const recorded = recordChanges(session)
    const value = await work(recorded.session)
    journal?.acknowledge(recorded.tables)
    return value
  }
  const side = createSideReads(
    instance,
    () => (closed ? Promise.reject(closedError(file)) : turns.ended()),
    threads
  )
  const inOne = <T>(session: StoreSession, work: (session: StoreSession) => Promise<T>): Promise<T> =>
    acknowledged(session, (recorded) => inTransaction(recorded, work))

  const shut = (): void => {
    connection.closeSync()
    instance.closeSync()
    journal?.close()
    if (!inMemory) removeOwner(file)
  }
  try {
    await inOne(direct, async (session) => {
      await migrate(session, [lossMigrations, ...migrations])
      if (loss !== null) await saveLoss(session, loss)
    })
  } catch (cause) {
    shut()
    throw cause
  }
  const announce: Store['announce'] = (role, where, token) => {
    if (!inMemory) writeOwner(file, { pid: process.pid, what: role, where, token: token ?? null })
  }
  announce(what, null)
  if (loss !== null) onLoss?.(loss)

  return {
    file,
    run: (sql, params) => queued(() => acknowledged(direct, (session) => session.run(sql, params))),
    all: (sql, params) => queued(() => acknowledged(direct, (session) => session.all(sql, params))),
    // An appender writes many rows in several parts: in a transaction all of them are there or none.
    append: (table, rows) => queued(() => inOne(direct, (session) => session.append(table, rows))),
    appendColumns: (table, count, columns) =>
      queued(() => inOne(direct, (session) => session.appendColumns(table, count, columns))),
    transaction: (work) => queued(() => inOne(direct, work)),
    transactionBeside: (work) => side.run((other) => inOne(sessionOn(other), work)),
    columns: (sql, params, expected) => side.run((reading) => readColumns(reading, sql, params, expected)),
    scan: (sql, params, take) => side.run((reading) => scanColumns(reading, sql, params, take)),
    texts: (sql, params) => side.run((reading) => readTexts(reading, sql, params)),
    read: (sql, params) => side.run((reading) => sessionOn(reading).all(sql, params)),
    exportQuery: side.exportQuery,
    announce,
    async close() {
      if (closed) return
      closed = true
      await turns.ended()
      await side.ended()
      shut()
    }
  }
}

async function openInstance(
  file: string,
  settings: Record<string, string>,
  nowMs: () => number
): Promise<{ instance: DuckDBInstance; loss: StoreLoss | null }> {
  if (file !== ':memory:') return await openDataFile(file, settings, nowMs)
  return { instance: await DuckDBInstance.create(file, settings), loss: null }
}

/** Reads and exports on connections of their own, beside the statements of the store. */
function createSideReads(instance: DuckDBInstance, begin: () => Promise<void>, threads: number) {
  const readers = new Set<Promise<unknown>>()
  let exports = 0

  /** Runs `work` on a connection of its own, after what was issued before it and beside what comes later. */
  const run = async <T>(work: (reading: DuckDBConnection) => Promise<T>): Promise<T> => {
    const result = begin().then(async () => {
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
  /**
   * Runs exports on one thread: with two, each holds back rows of the other (200 MB more for a million Samples), and
   * other clients wait for a processor.
   */
  const onOneThread = async <T>(session: StoreSession, work: () => Promise<T>): Promise<T> => {
    exports++
    try {
      await session.run('SET threads = 1')
      return await work()
    } finally {
      exports--
      if (exports === 0) await session.run(`SET threads = ${threads}`)
    }
  }
  const exportQuery: Store['exportQuery'] = (...order) =>
    run((reading) => onOneThread(sessionOn(reading), () => exportTable(reading, ...order)))

  return { run, exportQuery, ended: () => Promise.allSettled(readers) }
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

function closedError(file: string): AppError {
  return new AppError(
    'store.failed',
    `The data file ${file} was closed.`,
    'Bitbench is shutting down; start it again.'
  )
}
