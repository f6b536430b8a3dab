import { z } from 'zod'
import { adaptiveRunSchema } from '../../../shared/contract/profile/profileAdaptive'
import { createRecordTable, type RecordTable } from '../../store/recordTable'
import type { Store } from '../../store/store'

/** An adaptive run as stored, with what a resumed run must plan the same. */
export const storedAdaptiveSchema = adaptiveRunSchema.extend({
  jobId: z.string().nullable().default(null),
  buildId: z.number(),
  coreName: z.string(),
  /** What the pool was planned with. */
  speed: z.object({ stepsPerMs: z.number(), overheadMs: z.number() })
})

/** An adaptive run as it is stored. */
export type StoredAdaptiveRun = z.infer<typeof storedAdaptiveSchema>

/** Adaptive runs in the data file: a record each; their Samples are a campaign's, under the run's id. */
export type AdaptiveStore = RecordTable<StoredAdaptiveRun>

export const adaptiveTables = `CREATE TABLE profile_adaptive (
  id VARCHAR PRIMARY KEY, started_at_ms DOUBLE NOT NULL, run VARCHAR NOT NULL
);`

/** Returns the adaptive runs of a data file. */
export function createAdaptiveStore(store: Store): AdaptiveStore {
  return {
    ...createRecordTable(store, { table: 'profile_adaptive', schema: storedAdaptiveSchema, column: 'run' }),
    remove: (id) =>
      store.transaction(async (session) => {
        await session.run('DELETE FROM profile_adopted WHERE campaign_id = $1', [id])
        await session.run('DELETE FROM profile_refusal WHERE campaign_id = $1', [id])
        await session.run('DELETE FROM profile_adaptive WHERE id = $1', [id])
      })
  }
}
