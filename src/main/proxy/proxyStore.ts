import { z } from 'zod'
import { findProxyKernel } from '../../core/kernel/spec'
import { proxyDetailSchema, proxySummarySchema, type ProxySummary } from '../../shared/contract/proxy'
import { AppError } from '../../shared/errors'
import type { NounMigrations } from '../store/migrations'
import { parseJson } from '../store/recordTable'
import { rowColumns, type UnreadableRow } from '../store/rowColumns'
import type { StoreSession } from '../store/sql'
import type { FitOutput } from './proxyTasks'

/** Fitted proxies in the data file: a summary to list, the model with its judgement to use. */
export const proxyMigrations: NounMigrations = {
  noun: 'proxy',
  steps: [
    `CREATE TABLE proxy_model (
       id VARCHAR PRIMARY KEY, kernel VARCHAR NOT NULL, board_id VARCHAR, created_at_ms DOUBLE NOT NULL,
       pinned BOOLEAN NOT NULL, summary VARCHAR NOT NULL, fitted VARCHAR NOT NULL
     );`,
    `CREATE TABLE proxy_calibration (
  board_id VARCHAR NOT NULL, model_id VARCHAR NOT NULL, measured_at_ms DOUBLE NOT NULL, calibration VARCHAR NOT NULL,
  PRIMARY KEY (board_id, model_id)
);`
  ]
}

const proxyColumns = rowColumns<{ summary: ProxySummary; fitted: FitOutput }>('proxy_model', [
  { name: 'id', of: ({ summary }) => summary.id },
  { name: 'kernel', of: ({ summary }) => summary.kernel },
  { name: 'board_id', of: ({ summary }) => summary.boardId },
  { name: 'created_at_ms', of: ({ summary }) => summary.createdAtMs },
  { name: 'pinned', of: ({ summary }) => summary.pinned },
  { name: 'summary', of: ({ summary }) => JSON.stringify(summary) },
  { name: 'fitted', of: ({ fitted }) => JSON.stringify(fitted) }
])

/** Data files written before the names were one hold dwconv2d, maxpool and avgpool. */
export const storedSummarySchema = proxySummarySchema.extend({
  kernel: z.preprocess(
    (name) => (typeof name === 'string' ? (findProxyKernel(name) ?? name) : name),
    proxySummarySchema.shape.kernel
  )
})

/** What a page and a cost read of a stored fit; the model itself is checked by proxyFromJson. */
export const storedFitSchema = z.looseObject({
  ...proxyDetailSchema.pick({ splits: true, points: true, interval: true, importance: true, perPair: true })
    .shape,
  learningCurve: proxyDetailSchema.shape.learningCurve,
  proxy: z.looseObject({ format: z.literal('bitbench.proxy'), version: z.literal(1), kernel: z.string() }),
  description: z.string()
})

/** Proxies in the data file. */
export interface ProxyStore {
  add(summary: ProxySummary, fitted: FitOutput): Promise<void>
  /** Newest first; rows that no longer fit are listed with their problem. */
  list(): Promise<{ proxies: ProxySummary[]; unreadable: UnreadableRow[] }>
  /** Null when there is none. @throws store.corrupt when its row does not fit */
  fitted(id: string): Promise<FitOutput | null>
  setPinned(id: string, pinned: boolean): Promise<void>
  remove(id: string): Promise<void>
}

/** Returns the proxies of a data file. */
export function createProxyStore(store: Pick<StoreSession, 'run' | 'all'>): ProxyStore {
  return {
    add: (summary, fitted) => store.run(proxyColumns.insert, proxyColumns.parameters({ summary, fitted })),
    async list() {
      const rows = await store.all<{ id: string; summary: string; pinned: boolean }>(
        'SELECT id, summary, pinned FROM proxy_model ORDER BY created_at_ms DESC'
      )
      const proxies: ProxySummary[] = []
      const unreadable: UnreadableRow[] = []
      for (const { id, summary, pinned } of rows) {
        const { value, problem } = parseJson(summary, storedSummarySchema)
        if (problem === null) proxies.push({ ...value, pinned })
        else unreadable.push({ id, problem })
      }
      return { proxies, unreadable }
    },
    async fitted(id) {
      const [row] = await store.all<{ fitted: string }>('SELECT fitted FROM proxy_model WHERE id = $1', [id])
      if (row === undefined) return null
      const { value, problem } = parseJson(row.fitted, storedFitSchema)
      if (problem === null) return value as unknown as FitOutput
      throw new AppError(
        'store.corrupt',
        `The model of proxy ${id} cannot be read (${problem}).`,
        'Remove the proxy and fit again.'
      )
    },
    async setPinned(id, pinned) {
      await store.run('UPDATE proxy_model SET pinned = $2 WHERE id = $1', [id, pinned])
    },
    async remove(id) {
      await store.run('DELETE FROM proxy_model WHERE id = $1', [id])
    }
  }
}
