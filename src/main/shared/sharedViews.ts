import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AppError } from '../../shared/errors'
import { createTurns } from '../../shared/turns'
import { sessionOn } from '../store/session'
import { bucketError, prepareBucket } from './sharedBucket'
import { checkPart, queryError, sqlString, type Ask } from './sharedCheck'
import { bucketPart, listParts, type LeftOut, type SharedPart } from './sharedParts'
import { runQuery, type Cell, type QueryLimits } from './sharedQuery'
import { isBucket } from './sharedSettings'
import { originColumns, sharedTableNames, sharedTables, type SharedTableName } from './sharedTables'

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
  /** One SELECT that a person wrote. @throws input.invalid, job.cancelled */
  query(sql: string, limits: QueryLimits): Promise<{ columns: string[]; rows: Cell[][]; more: boolean }>
  close(): void
}

const settings = {
  memory_limit: '256MB',
  threads: '1',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  // The keys of a bucket come from the environment; secrets that the user keeps for DuckDB lie outside the folder.
  allow_persistent_secrets: 'false',
  max_temp_directory_size: '2GB'
}

/** Where large sorts spill, made by DuckDB when it is needed: the default is a folder that all processes of a place share. */
const spillFolder = (): string => path.join(tmpdir(), `bitbench-shared-${randomBytes(6).toString('hex')}`)

/**
 * Opens a DuckDB of its own, without a file, that can read this folder and nothing else: files of other hosts never come
 * near the data file, and its statements keep none of the data file waiting.
 *
 * @throws data.missing, tool.missing, store.failed
 */
export async function openSharedViews(folder: string): Promise<SharedViews> {
  await requireFolder(folder)
  const instance = await DuckDBInstance.create(':memory:', { ...settings, temp_directory: spillFolder() })
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

  query(sql: string, limits: QueryLimits): Promise<{ columns: string[]; rows: Cell[][]; more: boolean }> {
    return this.turns.take(() => runQuery(this.connection, sql, limits))
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
    const present = new Set([...parts, ...leftOut].map(({ file }) => file))
    for (const file of this.checked.keys()) if (!present.has(file)) this.checked.delete(file)
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
    throw bucketError(folder, cause)
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

async function requireFolder(folder: string): Promise<void> {
  // DuckDB reads NAME=VALUE in a path as a column, which would stand before that of the file.
  if (folder.includes('='))
    throw new AppError(
      'input.invalid',
      `The path ${folder} has a "=", which would be read as a column of every table.`,
      'Name a folder without it, or a link to this one.'
    )
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
