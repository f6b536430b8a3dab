import type { StoreSession } from './sql'

const target =
  /^\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|UPDATE|DELETE\s+FROM|(?:CREATE|ALTER|DROP)\s+TABLE(?:\s+IF\s+(?:NOT\s+)?EXISTS)?)\s+"?(\w+)/i

/** The table that a statement changes; null for a query. */
export function changedTable(sql: string): string | null {
  return target.exec(sql)?.[1] ?? null
}

/** A session whose calls note in `tables` what they change. */
export function recordChanges(session: StoreSession): { session: StoreSession; tables: ReadonlySet<string> } {
  const tables = new Set<string>()
  const note = (sql: string): void => {
    const table = changedTable(sql)
    if (table !== null) tables.add(table)
  }
  return {
    tables,
    session: {
      run: (sql, params) => {
        note(sql)
        return session.run(sql, params)
      },
      all: (sql, params) => {
        note(sql)
        return session.all(sql, params)
      },
      append: (table, rows) => {
        tables.add(table)
        return session.append(table, rows)
      },
      appendColumns: (table, count, columns) => {
        tables.add(table)
        return session.appendColumns(table, count, columns)
      }
    }
  }
}
