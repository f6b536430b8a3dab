import type { SpeedGuess } from '../../core/profile/duration'
import type { AdaptiveRun } from '../../shared/contract/profileAdaptive'
import type { Store } from '../store/store'

/** An adaptive run as stored: the Job that runs it is not. */
export type StoredAdaptiveRun = Omit<AdaptiveRun, 'jobId'> & {
  buildId: number
  coreName: string
  /** What the pool was planned with: a resumed run must plan the same. */
  speed: SpeedGuess
}

/** Adaptive runs in the data file: a record each; their Samples are a campaign's, under the run's id. */
export interface AdaptiveStore {
  saveRun(run: StoredAdaptiveRun): Promise<void>
  runs(): Promise<StoredAdaptiveRun[]>
  run(id: string): Promise<StoredAdaptiveRun | null>
  removeRun(id: string): Promise<void>
}

export const adaptiveTables = `CREATE TABLE profile_adaptive (
  id VARCHAR PRIMARY KEY, started_at_ms DOUBLE NOT NULL, run VARCHAR NOT NULL
);`

export function createAdaptiveStore(store: Store): AdaptiveStore {
  return {
    saveRun: (run) =>
      store.run('INSERT OR REPLACE INTO profile_adaptive VALUES ($1, $2, $3)', [
        run.id,
        run.startedAtMs,
        JSON.stringify(run)
      ]),
    async runs() {
      const rows = await store.all<{ run: string }>(
        'SELECT run FROM profile_adaptive ORDER BY started_at_ms DESC'
      )
      return rows.map((row) => JSON.parse(row.run) as StoredAdaptiveRun)
    },
    async run(id) {
      const [row] = await store.all<{ run: string }>('SELECT run FROM profile_adaptive WHERE id = $1', [id])
      return row === undefined ? null : (JSON.parse(row.run) as StoredAdaptiveRun)
    },
    removeRun: (id) =>
      store.transaction(async (session) => {
        await session.run('DELETE FROM profile_campaign_sample WHERE campaign_id = $1', [id])
        await session.run('DELETE FROM profile_refusal WHERE campaign_id = $1', [id])
        await session.run('DELETE FROM profile_adaptive WHERE id = $1', [id])
      })
  }
}
