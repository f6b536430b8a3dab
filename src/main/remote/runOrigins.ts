import { runOriginSchema, type RunOrigin } from '../../shared/contract/remote'
import type { NounMigrations } from '../store/migrations'
import { parseJson } from '../store/recordTable'
import type { Store } from '../store/store'

/** Where runs were made that came from other machines. */
export const remoteMigrations: NounMigrations = {
  noun: 'remote',
  steps: ['CREATE TABLE remote_run (run_id VARCHAR PRIMARY KEY, origin VARCHAR NOT NULL);']
}

/** Origins of runs in the data file. */
export interface RunOrigins {
  /** By run id; a row that cannot be read is left out. */
  all(): Promise<Map<string, RunOrigin>>
  save(runId: string, origin: RunOrigin): Promise<void>
}

/** Reads and writes them. */
export function createRunOrigins(store: Pick<Store, 'all' | 'run'>): RunOrigins {
  return {
    async all() {
      const rows = await store.all<{ run_id: string; origin: string }>(
        'SELECT run_id, origin FROM remote_run'
      )
      return new Map(
        rows.flatMap(({ run_id, origin }) => {
          const { value } = parseJson(origin, runOriginSchema)
          return value === null ? [] : [[run_id, value] as const]
        })
      )
    },
    save: (runId, origin) =>
      store.run('INSERT OR REPLACE INTO remote_run VALUES ($1, $2)', [runId, JSON.stringify(origin)])
  }
}
