import type { Run } from '../../shared/contract/run'
import type { NounMigrations } from '../store/migrations'
import type { Store } from '../store/store'

/** Where runs came from that were not made here, and the random name of this data folder. */
export const sessionMigrations: NounMigrations = {
  noun: 'session',
  steps: [
    `CREATE TABLE session_import (
       run_id VARCHAR PRIMARY KEY, original_id VARCHAR NOT NULL, content VARCHAR NOT NULL, file VARCHAR NOT NULL,
       example BOOLEAN NOT NULL, at_ms DOUBLE NOT NULL
     );
     CREATE TABLE session_origin (name VARCHAR NOT NULL);`
  ]
}

/** Runs that came from session files. */
export interface ImportedRuns {
  /** By run id. */
  all(): Promise<Map<string, NonNullable<Run['imported']>>>
  /** The random name of this data folder, given on first use. */
  origin(): Promise<string>
}

/** Reads them from the data file. */
export function createImportedRuns(store: Pick<Store, 'all' | 'run'>, newId: () => string): ImportedRuns {
  let known: Promise<string> | undefined
  const readOrigin = async (): Promise<string> => {
    const [row] = await store.all<{ name: string }>('SELECT name FROM session_origin')
    if (row !== undefined) return row.name
    const name = newId()
    await store.run('INSERT INTO session_origin VALUES ($1)', [name])
    return name
  }
  return {
    async all() {
      const rows = await store.all<{ run_id: string; file: string; at_ms: number; example: boolean }>(
        'SELECT run_id, file, at_ms, example FROM session_import'
      )
      return new Map(
        rows.map((row) => [row.run_id, { file: row.file, atMs: row.at_ms, example: row.example }])
      )
    },
    origin() {
      known ??= readOrigin()
      known.catch(() => (known = undefined))
      return known
    }
  }
}
