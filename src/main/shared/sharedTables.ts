import { metricSpecs } from '../../core/gpu/metrics'
import { columnName } from '../store/fieldColumns'

/** Raised when an older Bitbench could no longer read what is written. Columns may be added without. */
export const sharedSchemaVersion = 1

/** A column of a shared table: name and type in the Parquet file, and what it is in this data file's table. */
export interface SharedColumn {
  readonly name: string
  /** As DuckDB's DESCRIBE names it. */
  readonly type: string
  /** SQL over the table `t` of the data file. */
  readonly from: string
}

const column = (name: string, type: string, from = `t.${name}`): SharedColumn => ({ name, type, from })
const texts = (names: readonly string[]): SharedColumn[] => names.map((name) => column(name, 'VARCHAR'))
const reals = (names: readonly string[]): SharedColumn[] => names.map((name) => column(name, 'DOUBLE'))

/** In front of every row: who wrote it, and in which form. */
export const originColumns: readonly SharedColumn[] = [
  column('schema_version', 'INTEGER', String(sharedSchemaVersion)),
  column('origin', 'VARCHAR', '$1'),
  column('host_name', 'VARCHAR', '$2')
]

/** The tables of a shared folder, by the name of their folder and view. */
export const sharedTables = {
  hosts: [...texts(['version', 'arithmetic']), ...reals(['published_at_ms'])],
  runs: [
    ...texts(['id', 'kind', 'name', 'title', 'detail', 'tags', 'model', 'board', 'data_set', 'state']),
    ...reals(['started_at_ms']),
    ...texts(['session', 'session_sha256']),
    ...reals(['session_bytes'])
  ],
  samples: [
    column('run_id', 'VARCHAR', 't.campaign_id'),
    ...texts(['id', 'kernel']),
    column('dims', 'INTEGER[]'),
    column('activation_bits', 'INTEGER'),
    column('weight_bits', 'INTEGER'),
    ...reals(['time', 'time_min', 'time_max']),
    ...texts(['unit']),
    ...reals(['cycles', 'instructions', 'macs']),
    column('repetitions', 'INTEGER'),
    column('seed', 'UBIGINT'),
    column('verified', 'BOOLEAN'),
    column('measured_by', 'VARCHAR', 't.origin'),
    ...texts(['method', 'board_id', 'board_kind', 'board_name', 'isa', 'core_name']),
    ...reals(['clock_hz', 'measured_at_ms'])
  ],
  readings: [
    column('run_id', 'VARCHAR', 't.recording_id'),
    column('gpu_index', 'INTEGER'),
    ...reals(['t_ms', ...metricSpecs.map(({ metric }) => columnName(metric))])
  ],
  results: [
    ...texts(['model_id', 'data_set_id', 'split', 'method']),
    column('quantizer', 'INTEGER'),
    ...texts(['scheme']),
    column('arithmetic', 'VARCHAR', '$3'),
    ...texts(['judged']),
    ...reals(['at_ms'])
  ]
} as const satisfies Record<string, readonly SharedColumn[]>

/** Name of a shared table. */
export type SharedTableName = keyof typeof sharedTables

export const sharedTableNames = Object.keys(sharedTables) as SharedTableName[]

/** Folder of session files beside those of the tables. */
export const sharedSessions = 'sessions'

/** Name of the folder of a host's files within a table's: DuckDB reads it as the column `host`. */
export const partitionOf = (host: string): string => `host=${host}`

/** Name of a host in the folder. @param origin the random name of its data folder */
export const sharedHostName = (name: string, origin: string): string => `${name}-${origin.slice(0, 8)}`

/** SELECT list of a table's Parquet from the data file's table `t`; $1: origin, $2: name of the host, $3: kind of processor. */
export const publishedColumns = (table: SharedTableName): string =>
  [...originColumns, ...sharedTables[table]]
    .map(({ name, type, from }) => `CAST(${from} AS ${type}) AS ${name}`)
    .join(', ')
