import { z } from 'zod'
import {
  collectionSchema,
  type Collection,
  type CollectionStep
} from '../../../shared/contract/estimator/collection'
import type { StageSample } from '../../../core/estimator/samples/stageSample'
import { createRecordTable, recordTableSql, type RecordTable } from '../../store/recordTable'
import type { StoreSession } from '../../store/sql'
import type { Store } from '../../store/store'

/** Collections, and one row for each configuration that the runner has acknowledged. */
export const collectionSql = `${recordTableSql('latency_collection')}
CREATE TABLE latency_step (
  collection_id VARCHAR NOT NULL, step INTEGER NOT NULL, outcome VARCHAR NOT NULL, PRIMARY KEY (collection_id, step)
);`

const timesSchema = z.object({
  stagesMs: z.record(z.string(), z.number().positive()),
  decodePerTokenMs: z.array(z.number().positive()).optional()
})

/** What a configuration gave: the times of every repetition, or the runner's reason not to measure it. */
export const stepOutcomeSchema = z.union([
  z.object({ times: z.array(timesSchema).min(1) }),
  z.object({ refused: z.string() })
])

/** What a configuration gave. */
export type StepOutcome = z.infer<typeof stepOutcomeSchema>

/** Collections in the data file. */
export interface CollectionStore {
  table: RecordTable<Collection>
  /** Stores what a configuration gave together with the record that counts it; the same configuration again replaces it. */
  addStep(counted: Collection, step: number, outcome: StepOutcome): Promise<void>
  /** Configurations that are done, by number; the reason where the runner refused, else null. */
  doneSteps(collectionId: string): Promise<Map<number, string | null>>
  /** Samples of all measured configurations, in their order: a sample per repetition. */
  samples(collection: Collection): Promise<StageSample[]>
}

/** Returns the collections of a data file. */
export function createCollectionStore(store: Pick<Store, 'run' | 'all' | 'transaction'>): CollectionStore {
  const records = (session: Pick<StoreSession, 'run' | 'all'>): RecordTable<Collection> =>
    createRecordTable<Collection>(session, { table: 'latency_collection', schema: collectionSchema })
  const table = records(store)
  const rows = (id: string) =>
    store.all<{ step: number; outcome: string }>(
      'SELECT step, outcome FROM latency_step WHERE collection_id = $1 ORDER BY step',
      [id]
    )
  return {
    table: {
      ...table,
      async remove(id) {
        await store.run('DELETE FROM latency_step WHERE collection_id = $1', [id])
        await table.remove(id)
      }
    },
    // One transaction: a process that is killed leaves no times that its record does not count.
    addStep: (counted, step, outcome) =>
      store.transaction(async (session) => {
        await session.run('INSERT OR REPLACE INTO latency_step VALUES ($1, $2, $3)', [
          counted.id,
          step,
          JSON.stringify(outcome)
        ])
        await records(session).save(counted)
      }),
    async doneSteps(id) {
      const refused = `json_extract_string(outcome, '$.refused')`
      const done = await store.all<{ step: number; refused: string | null }>(
        `SELECT step, ${refused} AS refused FROM latency_step WHERE collection_id = $1 ORDER BY step`,
        [id]
      )
      return new Map(done.map((row) => [Number(row.step), row.refused]))
    },
    async samples(collection) {
      return (await rows(collection.id)).flatMap(({ step, outcome }) => {
        const configuration = collection.steps[Number(step)]
        if (configuration === undefined) return []
        return samplesOf(collection, configuration, stepOutcomeSchema.parse(JSON.parse(outcome)))
      })
    }
  }
}

/** Samples of one configuration: with times by position the decode stage is their sum. */
function samplesOf(
  { subject }: Collection,
  { knobs, outputTokens }: CollectionStep,
  outcome: StepOutcome
): StageSample[] {
  if ('refused' in outcome) return []
  return outcome.times.map(({ stagesMs, decodePerTokenMs }) => {
    const decode = decodePerTokenMs?.reduce((sum, time) => sum + time, 0)
    return {
      knobs,
      ...(outputTokens === null ? {} : { outputTokens }),
      stages: { ...stagesMs, ...(decode === undefined ? {} : { decode }) },
      ...(decodePerTokenMs === undefined ? {} : { decodePerTokenMs }),
      device: subject?.deviceName ?? subject?.device ?? 'cpu',
      dataSet: subject?.model ?? 'network',
      origin: 'measured'
    }
  })
}
