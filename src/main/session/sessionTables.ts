import type { z } from 'zod'
import type { RunKindName } from '../../shared/contract/run'

/** A table of which a session carries rows. */
export interface CarriedTable {
  readonly table: string
  /** Noun whose migrations built it. */
  readonly noun: string
  /** Columns with ids of boards. */
  readonly boards?: readonly string[]
  /** JSON columns and what they must hold. */
  readonly json?: Readonly<Record<string, z.ZodType>>
}

/** One row per run of a kind. */
export interface HeadTable extends CarriedTable {
  readonly kind: RunKindName
  /** Column of the run's id. */
  readonly id: string
  /** JSON column whose field `id` repeats the id; null where none does. */
  readonly idIn: string | null
  /** Columns that an imported run has these values in, and that do not belong to its content. */
  readonly fixed?: Readonly<Record<string, string>>
}

/** Rows that belong to one run each. */
export interface RowTable extends CarriedTable {
  /** Column of the run's id. */
  readonly key: string
}

/** Rows that one run made and others may have adopted, found through a RowTable. */
export interface SharedTable extends CarriedTable {
  readonly id: string
  readonly through: { readonly table: string; readonly key: string; readonly column: string }
  /** Column that names the run that made the row; null there where that run is not carried. */
  readonly maker: string
}

/** Rows with keys of their own, carried when all of them are named by a carried run. */
export interface KeyedTable extends CarriedTable {
  readonly keys: readonly string[]
}

/** Every table that sessions carry. A table that is not here does not enter a data file through a session. */
export interface SessionTables {
  readonly heads: readonly HeadTable[]
  readonly rows: readonly RowTable[]
  readonly shared: readonly SharedTable[]
  readonly keyed: readonly KeyedTable[]
}

/** The tables of a session in the order in which they are written. */
export const allTables = ({ heads, rows, shared, keyed }: SessionTables): CarriedTable[] => [
  ...heads,
  ...rows,
  ...shared,
  ...keyed
]
