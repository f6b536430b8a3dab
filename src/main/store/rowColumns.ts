import type { SqlValue } from './sql'

/** One column of a table and the value that a record has in it. */
export interface RowColumn<R> {
  readonly name: string
  readonly of: (record: R) => SqlValue
}

/** Statements over the columns of one table. They name every column, so they do not depend on the order of the DDL. */
export interface RowColumns<R> {
  /** `INSERT INTO …` with one parameter per column; fails when the key exists. */
  readonly insert: string
  /** `INSERT OR REPLACE INTO …` with the same parameters. */
  readonly replace: string
  /** Names of the columns, for a SELECT. */
  readonly select: string
  /** Parameters of `insert` and `replace`. */
  parameters(record: R): SqlValue[]
}

/** The one column list of a stored noun, beside its DDL, which is a released migration and is never edited. */
export function rowColumns<R>(table: string, columns: readonly RowColumn<R>[]): RowColumns<R> {
  const names = columns.map(({ name }) => name).join(', ')
  const into = `INTO ${table} (${names}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`
  return {
    insert: `INSERT ${into}`,
    replace: `INSERT OR REPLACE ${into}`,
    select: names,
    parameters: (record) => columns.map((column) => column.of(record))
  }
}

/** A row that cannot be read, and what is wrong with it. */
export interface UnreadableRow {
  id: string
  problem: string
}
