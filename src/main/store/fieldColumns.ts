import type { SqlRow, SqlValue } from './sql'

/** Name of the column that keeps a field: `fromMs` is kept in `from_ms`. */
export const columnName = (field: string): string =>
  field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The columns of a table that keeps plain records, for `append` and SELECT. */
export interface FieldColumns<R> {
  /** `from_ms AS "fromMs", …`: rows of such a SELECT are records. */
  readonly select: string
  /** The row of a record. */
  row(record: R): SqlRow
}

/** One list of fields for writing and reading; the DDL is a released migration beside it. */
export function fieldColumns<R extends { readonly [F in keyof R]: SqlValue }>(
  fields: readonly (keyof R & string)[]
): FieldColumns<R> {
  const columns = fields.map((field) => ({ field, name: columnName(field) }))
  return {
    select: columns.map(({ field, name }) => (field === name ? name : `${name} AS "${field}"`)).join(', '),
    row: (record) => Object.fromEntries(columns.map(({ field, name }) => [name, record[field]]))
  }
}
