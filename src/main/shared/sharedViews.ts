import { DuckDBInstance, StatementType, type DuckDBConnection } from '@duckdb/node-api'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../shared/errors'
import { createTurns } from '../../shared/turns'
import { sessionOn } from '../store/session'
import { prepareBucket } from './sharedBucket'
import { checkPart, queryError, sqlString, type Ask } from './sharedCheck'
import { bucketPart, listParts, type LeftOut, type SharedPart } from './sharedParts'
import { isBucket } from './sharedSettings'
import { originColumns, sharedTableNames, sharedTables, type SharedTableName } from './sharedTables'

/** A value of a query as JSON has it. */
export type Cell = string | number | boolean | null

/** The shared folder of all hosts, read only. */
export interface SharedViews {
  /** Looks for new and changed files. @throws data.missing, tool.missing */
  refresh(): Promise<void>
  readonly parts: readonly SharedPart[]
  readonly leftOut: readonly LeftOut[]
  /** Raised whenever another file is read. */
  readonly version: number
  /** Rows of a SELECT over the views. @throws input.invalid */
  all<Row>(sql: string): Promise<Row[]>
  /** One SELECT that a person wrote. @throws input.invalid */
  query(sql: string, limit: number): Promise<{ columns: string[]; rows: Cell[][]; more: boolean }>
  close(): void
}

const settings = {
  memory_limit: '256MB',
  threads: '1',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false'
}

/**
 * Opens a DuckDB of its own, without a file, that can read this folder and nothing else: files of strangers never come
 * near the data file, and its statements keep none of the data file waiting.
 *
 * @throws data.missing, tool.missing, store.failed
 */
export async function openSharedViews(folder: string): Promise<SharedViews> {
  await requireFolder(folder)
  const instance = await DuckDBInstance.create(':memory:', settings)
  const connection = await instance.connect()
  try {
    if (isBucket(folder)) await prepareBucket(connection, folder, process.env)
    const inside = folder.endsWith('/') ? folder : `${folder}/`
    await connection.run(`SET allowed_directories = [${sqlString(inside)}]`)
    await connection.run('SET enable_external_access = false')
    await connection.run('SET lock_configuration = true')
    return new Views(folder, instance, connection)
  } catch (cause) {
    connection.closeSync()
    instance.closeSync()
    throw cause
  }
}

class Views implements SharedViews {
  parts: SharedPart[] = []
  leftOut: LeftOut[] = []
  version = 0
  /** Verdicts by file, with the stamp they are of. */
  private readonly checked = new Map<string, { stamp: string; why: string | null }>()
  private readonly turns = createTurns()

  constructor(
    private readonly folder: string,
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection
  ) {}

  refresh(): Promise<void> {
    return this.turns.take(() => this.look())
  }

  all<Row>(sql: string): Promise<Row[]> {
    return this.turns.take(() => this.ask<Row>(sql).catch(raise))
  }

  query(sql: string, limit: number): Promise<{ columns: string[]; rows: Cell[][]; more: boolean }> {
    return this.turns.take(() => queried(this.connection, sql, limit).catch(raise))
  }

  close(): void {
    void this.turns.take(async () => {
      this.connection.closeSync()
      this.instance.closeSync()
    })
  }

  private readonly ask: Ask = <Row>(sql: string) => sessionOn(this.connection).all<Row>(sql)

  private async look(): Promise<void> {
    await requireFolder(this.folder)
    const parts: SharedPart[] = []
    const leftOut: LeftOut[] = []
    for (const table of sharedTableNames) {
      const listed = await this.listed(table)
      leftOut.push(...listed.leftOut)
      for (const part of listed.parts) {
        const why = await this.verdict(part)
        if (why === null) parts.push(part)
        else leftOut.push({ file: part.file, why })
      }
    }
    const present = new Set(parts.map(({ file }) => file))
    for (const file of this.checked.keys())
      if (!present.has(file) && !leftOut.some((one) => one.file === file)) this.checked.delete(file)
    this.leftOut = leftOut
    if (this.version > 0 && parts.map(markOf).join() === this.parts.map(markOf).join()) return
    this.parts = parts
    this.version++
    for (const table of sharedTableNames)
      await this.connection.run(
        viewSql(
          table,
          parts.filter((part) => part.table === table).map(({ file }) => file)
        )
      )
  }

  private async verdict(part: SharedPart): Promise<string | null> {
    const known = this.checked.get(part.file)
    if (known?.stamp === part.stamp) return known.why
    const why = await checkPart(this.ask, part)
    this.checked.set(part.file, { stamp: part.stamp, why })
    return why
  }

  private async listed(table: SharedTableName): Promise<{ parts: SharedPart[]; leftOut: LeftOut[] }> {
    if (!isBucket(this.folder)) return await listParts(this.folder, table)
    return { parts: await listBucket(this.ask, this.folder, table), leftOut: [] }
  }
}

const raise = (cause: unknown): never => {
  throw queryError(cause)
}

const markOf = ({ file, stamp }: SharedPart): string => `${file} ${stamp}`

/** The parts of a table as DuckDB lists them: for folders that only DuckDB reaches. */
export async function listBucket(ask: Ask, folder: string, table: SharedTableName): Promise<SharedPart[]> {
  const rows = await ask<{ file: string; size: number; changed: string }>(
    `SELECT filename AS file, size::DOUBLE AS size, last_modified::VARCHAR AS changed
     FROM read_blob(${sqlString(`${folder.replace(/\/$/, '')}/${table}/*/*.parquet`)}) ORDER BY 1`
  ).catch((cause: unknown) => {
    if (/no files found/i.test(String(cause))) return []
    throw cause
  })
  return rows.flatMap(({ file, size, changed }) => bucketPart(table, file, size, changed) ?? [])
}

function viewSql(table: SharedTableName, files: readonly string[]): string {
  const columns = [...originColumns, ...sharedTables[table]]
  if (files.length === 0) {
    const none = columns.map(({ name, type }) => `NULL::${type} AS ${name}`)
    return `CREATE OR REPLACE VIEW ${table} AS SELECT NULL::VARCHAR AS host, ${none.join(', ')}, NULL::VARCHAR AS file WHERE false`
  }
  return `CREATE OR REPLACE VIEW ${table} AS SELECT host, ${columns.map(({ name }) => name).join(', ')}, filename AS file
    FROM read_parquet([${files.map(sqlString).join(', ')}], union_by_name = true, hive_partitioning = true, filename = true,
      hive_types = {'host': VARCHAR})`
}

async function queried(
  connection: DuckDBConnection,
  sql: string,
  limit: number
): Promise<{ columns: string[]; rows: Cell[][]; more: boolean }> {
  const statements = await connection.extractStatements(sql)
  if (statements.count !== 1) throw onlySelect()
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

async function requireFolder(folder: string): Promise<void> {
  if (isBucket(folder)) return
  const found = await stat(folder).catch((cause: unknown) => {
    throw new AppError(
      'data.missing',
      `The shared folder ${folder} cannot be read.`,
      'Check that it exists and that its disk or network drive is there.',
      { cause }
    )
  })
  if (found.isDirectory() && path.isAbsolute(folder)) return
  throw new AppError(
    'input.invalid',
    `${folder} is no folder.`,
    'Name a folder with its whole path, or s3://BUCKET/FOLDER.'
  )
}
