import type { z } from 'zod'
import { AppError } from '../../shared/errors'
import type { StoreSession } from './sql'

/** A stored record, or what is wrong with its row. */
export type StoredRecord<R> =
  | { id: string; startedAtMs: number; record: R; problem: null }
  | { id: string; startedAtMs: number; record: null; problem: string }

/** Records of one noun, one row each: id, start and the whole record as JSON, validated when it is read. */
export interface RecordTable<R> {
  save(record: R): Promise<void>
  /** Newest first, at most `limit` (200); rows that no longer fit the schema are listed with their problem. */
  list(limit?: number): Promise<StoredRecord<R>[]>
  /** Null when there is none. @throws store.corrupt when its row no longer fits the schema */
  get(id: string): Promise<R | null>
  remove(id: string): Promise<void>
}

/** The table's DDL; a migration step that was released is never edited, so it is for new nouns. */
export const recordTableSql = (table: string): string =>
  `CREATE TABLE ${table} (id VARCHAR PRIMARY KEY, started_at_ms DOUBLE NOT NULL, record VARCHAR NOT NULL);`

/** Reads and writes the table `options.table`, whose JSON column is `record` unless named. */
export function createRecordTable<R extends { id: string; startedAtMs: number }>(
  store: Pick<StoreSession, 'run' | 'all'>,
  options: { table: string; schema: z.ZodType<R>; column?: string }
): RecordTable<R> {
  const { table, schema, column = 'record' } = options
  type Row = { id: string; started_at_ms: number; record: string }
  const columns = `id, started_at_ms, ${column} AS record`
  const read = ({ id, started_at_ms: startedAtMs, record }: Row): StoredRecord<R> => {
    const found = parseJson(record, schema)
    return found.problem === null
      ? { id, startedAtMs, record: found.value, problem: null }
      : { id, startedAtMs, record: null, problem: found.problem }
  }
  return {
    save: (record) =>
      store.run(`INSERT OR REPLACE INTO ${table} (id, started_at_ms, ${column}) VALUES ($1, $2, $3)`, [
        record.id,
        record.startedAtMs,
        JSON.stringify(record)
      ]),
    async list(limit = 200) {
      const rows = await store.all<Row>(
        `SELECT ${columns} FROM ${table} ORDER BY started_at_ms DESC LIMIT ${Math.floor(limit)}`
      )
      return rows.map(read)
    },
    async get(id) {
      const [row] = await store.all<Row>(`SELECT ${columns} FROM ${table} WHERE id = $1`, [id])
      if (row === undefined) return null
      const found = read(row)
      if (found.problem === null) return found.record
      throw unreadable(id, found.problem)
    },
    remove: (id) => store.run(`DELETE FROM ${table} WHERE id = $1`, [id])
  }
}

/** A value read back from a JSON column, or why it does not fit its schema. */
export type ParsedJson<T> = { value: T; problem: null } | { value: null; problem: string }

/** Parses and validates a JSON column; never throws. */
export function parseJson<T>(text: string, schema: z.ZodType<T>): ParsedJson<T> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { value: null, problem: 'The stored text is not JSON.' }
  }
  const found = schema.safeParse(json)
  if (found.success) return { value: found.data, problem: null }
  const [issue] = found.error.issues
  const where = issue?.path.map(String).join('.') ?? ''
  return { value: null, problem: `${where === '' ? 'record' : where}: ${issue?.message ?? 'does not fit'}` }
}

/** The error of a row that was requested by id and cannot be read. */
export function unreadable(id: string, problem: string): AppError {
  return new AppError(
    'store.corrupt',
    `The stored run ${id} cannot be read (${problem}).`,
    'Delete it on the Runs page, or with `bitbench run remove`.'
  )
}
