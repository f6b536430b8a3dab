import { z } from 'zod'
import {
  estimatorDetailSchema,
  estimatorSummarySchema,
  type EstimatorSummary
} from '../../shared/contract/estimator'
import { AppError } from '../../shared/errors'
import type { NounMigrations } from '../store/migrations'
import { parseJson } from '../store/recordTable'
import type { UnreadableRow } from '../store/rowColumns'
import type { Store } from '../store/store'
import { collectionSql } from './collect/collectionStore'
import type { TrainOutput } from './estimatorTasks'

/** Trained estimators in the data file: a summary to list, the model with its errors to use. */
export const estimatorMigrations: NounMigrations = {
  noun: 'estimator',
  steps: [
    `CREATE TABLE latency_estimator (
       id VARCHAR PRIMARY KEY, created_at_ms DOUBLE NOT NULL, summary VARCHAR NOT NULL, trained VARCHAR NOT NULL
     );`,
    collectionSql
  ]
}

/** Trained estimators in the data file. */
export interface EstimatorStore {
  add(summary: EstimatorSummary, trained: TrainOutput): Promise<void>
  /** Newest first, without rows that no longer fit. */
  list(): Promise<EstimatorSummary[]>
  /** Rows that no longer fit, with their problem. */
  unreadable(): Promise<(UnreadableRow & { createdAtMs: number })[]>
  trained(id: string): Promise<TrainOutput | null>
  remove(id: string): Promise<void>
}

/** The model itself is validated where it is revived (estimatorFromJson). */
export const storedEstimatorSchema = z.object({
  json: z.looseObject({ format: z.string(), version: z.number() }),
  detail: estimatorDetailSchema.omit({ estimator: true })
})

/** Returns the estimators of a data file. */
export function createEstimatorStore(store: Pick<Store, 'run' | 'all'>): EstimatorStore {
  const read = async () => {
    const rows = await store.all<{ id: string; createdAtMs: number; summary: string }>(
      'SELECT id, created_at_ms AS "createdAtMs", summary FROM latency_estimator ORDER BY created_at_ms DESC'
    )
    return rows.map(({ summary, ...row }) => ({ ...row, ...parseJson(summary, estimatorSummarySchema) }))
  }
  return {
    async add(summary, trained) {
      await store.run('INSERT INTO latency_estimator VALUES ($1, $2, $3, $4)', [
        summary.id,
        summary.createdAtMs,
        JSON.stringify(summary),
        JSON.stringify(trained)
      ])
    },
    list: async () => (await read()).flatMap(({ value }) => value ?? []),
    unreadable: async () =>
      (await read()).flatMap(({ id, createdAtMs, problem }) =>
        problem === null ? [] : [{ id, createdAtMs, problem }]
      ),
    async trained(id) {
      const [row] = await store.all<{ trained: string }>(
        'SELECT trained FROM latency_estimator WHERE id = $1',
        [id]
      )
      if (row === undefined) return null
      const read = storedEstimatorSchema.safeParse(JSON.parse(row.trained))
      if (!read.success) {
        throw new AppError(
          'store.corrupt',
          `The estimator ${id} is stored in a form that this version cannot read.`,
          'Train it again.',
          { cause: read.error }
        )
      }
      return read.data as unknown as TrainOutput
    },
    async remove(id) {
      await store.run('DELETE FROM latency_estimator WHERE id = $1', [id])
    }
  }
}
