import type { StoreSession } from '../store/sql'
import { parseJson } from '../store/recordTable'
import { inList } from './idList'
import { recordProblem } from './recordProblem'
import { boardsIn, renamed, type Renames } from './recordWalk'
import { allTables, type CarriedTable, type HeadTable, type SessionTables } from './sessionTables'
import type { UnpackedSession } from './unpackSession'
import { invalidSession } from './zipReader'

/** Rows that a Parquet file of this size may hold at most, and bytes its columns may unpack to. */
const maxRows = (sizeBytes: number): number => 10_000 + 20 * sizeBytes
const maxBytes = (sizeBytes: number): number => Math.min(8 * 2 ** 30, 64 * 2 ** 20 + 200 * sizeBytes)

/** Records that are parsed at a time. */
const recordBatch = 20

/** Name of the temporary table that holds the rows to write. */
export const staged = (table: string): string => `session_${table}`

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * Reads the tables of a session into temporary tables of this connection and checks that they are what they must be.
 * @throws session.invalid
 */
export async function stageSession(
  session: StoreSession,
  unpacked: UnpackedSession,
  tables: SessionTables
): Promise<void> {
  const { file } = unpacked.info
  for (const { table } of allTables(tables)) {
    await session.run(`CREATE TEMP TABLE ${staged(table)} AS SELECT * FROM ${table} LIMIT 0`)
    const parquet = unpacked.parquet.get(table)
    if (parquet === undefined) continue
    await readable(file, table, async () => {
      await checkParquet(session, parquet, file, table)
      await session.run(
        `INSERT INTO ${staged(table)} BY NAME SELECT * FROM read_parquet(${quoted(parquet.file)}, hive_partitioning = false)`
      )
    })
  }
  for (const head of tables.heads) await checkRecords(session, head, file)
  for (const keyed of tables.keyed) await checkJson(session, keyed, file)
  await checkOwners(session, unpacked, tables)
}

/** Runs `work`; an error of DuckDB means that the session is damaged. @throws session.invalid */
async function readable(file: string, table: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'session.invalid') throw cause
    throw invalidSession(file, `its rows of ${table} do not fit`, cause)
  }
}

async function checkParquet(
  session: StoreSession,
  parquet: { file: string; rows: number; sizeBytes: number },
  file: string,
  table: string
): Promise<void> {
  const [counted] = await session.all<{ rows: number | null }>(
    `SELECT sum(num_rows)::DOUBLE AS rows FROM parquet_file_metadata(${quoted(parquet.file)})`
  )
  const [unpacked] = await session.all<{ bytes: number | null }>(
    `SELECT sum(total_uncompressed_size)::DOUBLE AS bytes FROM parquet_metadata(${quoted(parquet.file)})`
  )
  if (counted?.rows !== parquet.rows) throw invalidSession(file, `it has another number of rows of ${table}`)
  if (parquet.rows > maxRows(parquet.sizeBytes) || (unpacked?.bytes ?? 0) > maxBytes(parquet.sizeBytes))
    throw invalidSession(file, `its rows of ${table} unpack to far more than they take in the file`)
}

/** Every JSON column of a kind of run holds what its noun reads, under the id of its row. */
async function checkRecords(session: StoreSession, head: HeadTable, file: string): Promise<void> {
  const { table, id } = head
  await eachRecord(session, head, id, async (key, column, text) => {
    const problem = recordProblem(head, column, text, key)
    if (problem !== null) throw invalidSession(file, `a row of ${table} does not fit (${problem})`)
  })
  const [twice] = await session.all<{ rows: number; ids: number }>(
    `SELECT count(*) AS rows, count(DISTINCT ${id}) AS ids FROM ${staged(table)}`
  )
  if (twice.rows !== twice.ids) throw invalidSession(file, `it holds a row of ${table} twice`)
}

async function checkJson(session: StoreSession, keyed: CarriedTable, file: string): Promise<void> {
  await eachRecord(session, keyed, 'rowid', async (_, column, text) => {
    const { problem } = parseJson(text, keyed.json![column])
    if (problem !== null) throw invalidSession(file, `a row of ${keyed.table} does not fit (${problem})`)
  })
}

/** The runs of the manifest are those of the tables, and every other row belongs to one of them. */
async function checkOwners(
  session: StoreSession,
  { manifest, info: { file } }: UnpackedSession,
  tables: SessionTables
): Promise<void> {
  const listed = new Map(manifest.runs.map((run) => [run.id, run.kind]))
  if (listed.size !== manifest.runs.length) throw invalidSession(file, 'its manifest names a run twice')
  let found = 0
  for (const { table, id, kind } of tables.heads) {
    const rows = await session.all<{ id: string }>(`SELECT ${id} AS id FROM ${staged(table)}`)
    found += rows.length
    if (rows.some((row) => listed.get(row.id) !== kind))
      throw invalidSession(file, `it holds a ${kind} that its manifest does not name`)
  }
  if (found !== listed.size) throw invalidSession(file, 'a run that its manifest names is missing')
  const ids = JSON.stringify([...listed.keys()])
  const strays: [string, string][] = [
    ...tables.rows.map(({ table, key }): [string, string] => [
      table,
      `SELECT count(*) AS strays FROM ${staged(table)} WHERE ${key} IS NULL OR NOT (${inList(key)})`
    ]),
    ...tables.shared.map(({ table, id, maker, through }): [string, string] => [
      table,
      `SELECT count(*) AS strays FROM ${staged(table)} WHERE ${id} NOT IN (SELECT ${through.column} FROM ${staged(through.table)} WHERE ${through.column} IS NOT NULL)
         AND (${maker} IS NULL OR NOT (${inList(maker)})) OR ${id} IS NULL`
    ])
  ]
  for (const [table, sql] of strays) {
    const [row] = await session.all<{ strays: number }>(sql, [ids])
    if (row.strays > 0)
      throw invalidSession(file, `it holds rows of ${table} that belong to none of its runs`)
  }
}

/** Boards that the staged rows name. */
export async function stagedBoards(session: StoreSession, tables: SessionTables): Promise<Set<string>> {
  const found = new Set<string>()
  for (const carried of allTables(tables)) {
    for (const column of carried.boards ?? []) {
      const rows = await session.all<{ board: string | null }>(
        `SELECT DISTINCT ${column} AS board FROM ${staged(carried.table)}`
      )
      for (const { board } of rows) if (board !== null) found.add(board)
    }
    await eachRecord(session, carried, 'rowid', async (_, __, text) => void boardsIn(JSON.parse(text), found))
  }
  return found
}

/** Renames ids and boards in the staged rows, in columns and records alike. */
export async function renameStaged(
  session: StoreSession,
  tables: SessionTables,
  renames: Renames
): Promise<void> {
  const { ids, boards } = renames
  if (ids.size === 0 && boards.size === 0) return
  const columns: [string, string, ReadonlyMap<string, string>][] = [
    ...tables.heads.map(({ table, id }): [string, string, typeof ids] => [table, id, ids]),
    ...tables.rows.map(({ table, key }): [string, string, typeof ids] => [table, key, ids]),
    ...tables.shared.map(({ table, maker }): [string, string, typeof ids] => [table, maker, ids]),
    ...allTables(tables).flatMap(({ table, boards: own = [] }) =>
      own.map((column): [string, string, typeof ids] => [table, column, boards])
    )
  ]
  for (const [table, column, map] of columns) await renameColumn(session, table, column, map)
  for (const carried of allTables(tables)) {
    const { table } = carried
    await eachRecord(session, carried, 'rowid', async (row, column, text) => {
      const record: unknown = JSON.parse(text)
      const changed = JSON.stringify(renamed(record, renames))
      if (changed !== JSON.stringify(record))
        await session.run(`UPDATE ${staged(table)} SET ${column} = $1 WHERE rowid = $2`, [changed, row])
    })
  }
}

/** Renames values of one column of a staged table. */
export async function renameColumn(
  session: StoreSession,
  table: string,
  column: string,
  map: ReadonlyMap<string, string>
): Promise<void> {
  if (map.size === 0) return
  const pairs = JSON.stringify([...map].map(([old, now]) => ({ old, now })))
  await session.run(
    `UPDATE ${staged(table)} SET ${column} = renames.now
     FROM (SELECT unnest(from_json($1::VARCHAR, '[{"old":"VARCHAR","now":"VARCHAR"}]'), recursive := true)) renames
     WHERE ${staged(table)}.${column} = renames.old`,
    [pairs]
  )
}

/** Calls `visit` with every JSON column of every staged row, a few rows at a time. */
async function eachRecord(
  session: StoreSession,
  { table, json = {} }: CarriedTable,
  key: string,
  visit: (key: string | number, column: string, text: string) => Promise<void>
): Promise<void> {
  const columns = Object.keys(json)
  if (columns.length === 0) return
  const keys = await session.all<{ row: number }>(`SELECT rowid AS row FROM ${staged(table)} ORDER BY rowid`)
  for (let from = 0; from < keys.length; from += recordBatch) {
    const wanted = keys.slice(from, from + recordBatch).map(({ row }) => row)
    const rows = await session.all<Record<string, string | number | null>>(
      `SELECT ${key} AS "the key", ${columns.map((column) => `${column}::VARCHAR AS "${column}"`).join(', ')}
       FROM ${staged(table)} WHERE rowid IN (${wanted.join(', ')})`
    )
    for (const row of rows) {
      for (const column of columns) await visit(row['the key'] ?? '', column, String(row[column] ?? ''))
    }
  }
}
