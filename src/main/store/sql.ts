/** What a column can be given and gives back. BIGINT comes back as a number (all ours stay below 2^53). */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null

/** A row of a query, by column. */
export type SqlRow = Record<string, SqlValue>

/** Columns by name: numbers, NaN for NULL, or one text for every row. */
export type ColumnValues = Readonly<Record<string, string | Float64Array>>

/** Statements on the data file. */
export interface StoreSession {
  /** One statement with `$1`-style parameters. */
  run(sql: string, params?: readonly SqlValue[]): Promise<void>
  all<Row = SqlRow>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>
  /**
   * Adds rows by column name; keys missing from a row become NULL; a list column takes its JSON text. Much faster than
   * INSERT for many rows.
   */
  append(table: string, rows: readonly SqlRow[]): Promise<void>
  /** Adds `count` rows as columns, for rows that come often: no object is made per row. Columns that are missing become NULL. */
  appendColumns(table: string, count: number, columns: ColumnValues): Promise<void>
}
