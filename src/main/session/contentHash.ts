import type { StoreSession } from '../store/sql'
import { inList } from './idList'
import type { SessionTables } from './sessionTables'

/**
 * A hash over all rows of each run, by run id: equal exactly when the rows are, whatever their order. It serves to
 * recognise content within one DuckDB version; sessions themselves are checked with SHA-256.
 *
 * @param named the name of a table as it is read: the stored one, or that of a session
 */
export async function contentOf(
  session: StoreSession,
  tables: SessionTables,
  ids: readonly string[],
  named: (table: string) => string
): Promise<Map<string, string>> {
  const columns = await columnsByTable(session)
  const hashIn = (table: string, except?: readonly string[]): string =>
    hashOf(columns.get(table)!, 't', except)
  const queries = [
    ...tables.heads.map(
      ({ table, id, fixed = {} }) =>
        `SELECT t.${id} AS id, ${hashIn(table, Object.keys(fixed))} AS content FROM ${named(table)} t`
    ),
    ...tables.rows.map(
      ({ table, key }) => `SELECT t.${key} AS id, ${hashIn(table)} AS content FROM ${named(table)} t`
    ),
    ...tables.shared.map(
      ({ table, id, maker, through }) =>
        `SELECT x.${through.key} AS id, ${hashIn(table, [maker])} AS content
         FROM ${named(through.table)} x JOIN ${named(table)} t ON t.${id} = x.${through.column}
         UNION ALL SELECT t.${maker}, ${hashIn(table, [maker])} FROM ${named(table)} t`
    )
  ]
  const contents = new Map<string, string[]>()
  for (const query of queries) {
    const rows = await session.all<{ id: string; content: string }>(
      `SELECT id, count(*)::VARCHAR || '/' || bit_xor(content)::VARCHAR || '/' || sum(content % 1000003)::VARCHAR AS content
       FROM (${query}) WHERE ${inList('id')} GROUP BY id`,
      [JSON.stringify(ids)]
    )
    const found = new Map(rows.map((row) => [row.id, row.content]))
    for (const id of ids) contents.set(id, [...(contents.get(id) ?? []), found.get(id) ?? '-'])
  }
  // A run that is not there has no content, not the content of nothing.
  return new Map(
    [...contents].flatMap(([id, all]) => (all.some((one) => one !== '-') ? [[id, all.join(' ')]] : []))
  )
}

/** SQL: a hash of the columns of a row but some. */
export function hashOf(columns: readonly string[], alias: string, except: readonly string[] = []): string {
  const taken = columns.filter((column) => !except.includes(column)).map((column) => `${alias}.${column}`)
  return `hash(${taken.join(', ')})`
}

/** Columns of every stored table, in their order. */
export async function columnsByTable(session: StoreSession): Promise<Map<string, string[]>> {
  const rows = await session.all<{ name: string; column: string }>(
    `SELECT table_name AS name, column_name AS "column" FROM information_schema.columns
     WHERE NOT starts_with(table_name, 'session_') ORDER BY table_name, ordinal_position`
  )
  const found = new Map<string, string[]>()
  for (const { name, column } of rows) found.set(name, [...(found.get(name) ?? []), column])
  return found
}
