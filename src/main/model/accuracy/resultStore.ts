import { z } from 'zod'
import type { NounMigrations } from '../../store/migrations'
import { parseJson } from '../../store/recordTable'
import type { Store } from '../../store/store'
import type { Judged } from '../modelTasks'

/** Raised when reading, quantization or judging changes in a way that changes results; older rows are then not used. */
export const quantizerVersion = 9

/** Everything a result depends on. */
export interface ResultKey {
  /** Hash of the model's file. */
  readonly modelId: string
  /** Hash of the data set's content. */
  readonly dataSetId: string
  readonly split: string
  readonly method: string
  /** schemeKey, or "float". */
  readonly scheme: string
}

export const resultMigrations: NounMigrations = {
  noun: 'result',
  steps: [
    `CREATE TABLE result (
       model_id VARCHAR NOT NULL,
       data_set_id VARCHAR NOT NULL,
       split VARCHAR NOT NULL,
       method VARCHAR NOT NULL,
       quantizer INTEGER NOT NULL,
       scheme VARCHAR NOT NULL,
       judged VARCHAR NOT NULL,
       at_ms BIGINT NOT NULL,
       PRIMARY KEY (model_id, data_set_id, split, method, quantizer, scheme)
     )`,
    // The host whose result was found in the shared folder; null: computed for this data file.
    'ALTER TABLE result ADD COLUMN shared_from VARCHAR'
  ]
}

/** Results in the data file, reused by every process. */
export interface ResultStore {
  /** @param items of the split here; a result of another number of items is not returned. Null: any number. */
  get(key: ResultKey, items?: number | null): Promise<{ judged: Judged; atMs: number } | null>
  /** @param sharedFrom the host that computed it; null: this owner's workers */
  put(key: ResultKey, judged: Judged, atMs: number, sharedFrom?: string | null): Promise<void>
  /** Kept results of a model, newest first. */
  list(modelId: string): Promise<(ResultKey & { judged: Judged; atMs: number })[]>
  /** Forgets a model's results, all of them with null; returns how many. */
  clear(modelId: string | null): Promise<number>
}

interface ResultRow {
  model_id: string
  data_set_id: string
  split: string
  method: string
  scheme: string
  judged: string
  at_ms: number
}

/** Returns the kept results of evaluations in a data file. */
export function createResultStore(store: Pick<Store, 'run' | 'all'>): ResultStore {
  return {
    async get({ modelId, dataSetId, split, method, scheme }, items = null) {
      const [row] = await store.all<Pick<ResultRow, 'judged' | 'at_ms'>>(
        `SELECT judged, at_ms FROM result
         WHERE model_id = $1 AND data_set_id = $2 AND split = $3 AND method = $4 AND quantizer = $5 AND scheme = $6`,
        [modelId, dataSetId, split, method, quantizerVersion, scheme]
      )
      if (row === undefined) return null
      const judged = readJudged(row.judged)
      return judged !== null && isOfItems(judged, items) ? { judged, atMs: Number(row.at_ms) } : null
    },
    put: ({ modelId, dataSetId, split, method, scheme }, judged, atMs, sharedFrom = null) =>
      store.run(
        `INSERT OR REPLACE INTO result (model_id, data_set_id, split, method, quantizer, scheme, judged, at_ms, shared_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          ...[modelId, dataSetId, split, method, quantizerVersion, scheme],
          JSON.stringify({ ...judged, right: Buffer.from(judged.right).toString('base64') }),
          ...[atMs, sharedFrom]
        ]
      ),
    async list(modelId) {
      const rows = await store.all<ResultRow>(
        `SELECT model_id, data_set_id, split, method, scheme, judged, at_ms FROM result
         WHERE model_id = $1 AND quantizer = $2 ORDER BY at_ms DESC LIMIT 2000`,
        [modelId, quantizerVersion]
      )
      return rows.flatMap((row) => {
        const judged = readJudged(row.judged)
        if (judged === null) return []
        const { model_id, data_set_id: dataSetId, split, method, scheme } = row
        return [{ modelId: model_id, dataSetId, split, method, scheme, judged, atMs: Number(row.at_ms) }]
      })
    },
    async clear(modelId) {
      const where = modelId === null ? '' : ' WHERE model_id = $1'
      const params = modelId === null ? [] : [modelId]
      const [row] = await store.all<{ count: number }>(
        `SELECT count(*)::INTEGER AS count FROM result${where}`,
        params
      )
      await store.run(`DELETE FROM result${where}`, params)
      return row?.count ?? 0
    }
  }
}

/** Whether a result can be compared with others on a split of so many items; null: the number is not known. */
export const isOfItems = ({ images }: Judged, items: number | null): boolean =>
  items === null || images === items

/** What is not finite has become null in the stored text. */
const storedNumber = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN)

/** A stored result; what is right of each item is base64 there. */
const storedResultSchema: z.ZodType<Judged> = z.object({
  images: z.number().int().min(0),
  correct: z.number().nullable(),
  accuracy: storedNumber,
  metrics: z.record(z.string(), storedNumber),
  right: z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
  kl: storedNumber,
  crossEntropy: storedNumber,
  mse: storedNumber,
  fittedOn: z.object({ items: z.number(), available: z.number() }).nullable().default(null),
  durationMs: storedNumber
})

/** A stored result; null where it does not fit, and is computed again. */
const readJudged = (text: string): Judged | null => parseJson(text, storedResultSchema).value
