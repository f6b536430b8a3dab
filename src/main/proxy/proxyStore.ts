import { parseProxyKernel } from '../../core/kernel/spec'
import type { ProxySummary } from '../../shared/contract/proxy'
import type { NounMigrations } from '../store/migrations'
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

export interface ProxyStore {
  add(summary: ProxySummary, fitted: FitOutput): Promise<void>
  list(): Promise<ProxySummary[]>
  fitted(id: string): Promise<FitOutput | null>
  setPinned(id: string, pinned: boolean): Promise<void>
  remove(id: string): Promise<void>
}

export function createProxyStore(store: Pick<StoreSession, 'run' | 'all'>): ProxyStore {
  return {
    async add(summary, fitted) {
      await store.run('INSERT INTO proxy_model VALUES ($1, $2, $3, $4, $5, $6, $7)', [
        summary.id,
        summary.kernel,
        summary.boardId,
        summary.createdAtMs,
        summary.pinned,
        JSON.stringify(summary),
        JSON.stringify(fitted)
      ])
    },
    async list() {
      const rows = await store.all<{ summary: string; pinned: boolean }>(
        'SELECT summary, pinned FROM proxy_model ORDER BY created_at_ms DESC'
      )
      return rows.map((row) => {
        const summary = JSON.parse(row.summary) as ProxySummary
        // Data files written before the names were one hold dwconv2d, maxpool and avgpool.
        return { ...summary, kernel: parseProxyKernel(summary.kernel), pinned: row.pinned }
      })
    },
    async fitted(id) {
      const [row] = await store.all<{ fitted: string }>('SELECT fitted FROM proxy_model WHERE id = $1', [id])
      return row === undefined ? null : (JSON.parse(row.fitted) as FitOutput)
    },
    async setPinned(id, pinned) {
      await store.run('UPDATE proxy_model SET pinned = $2 WHERE id = $1', [id, pinned])
    },
    async remove(id) {
      await store.run('DELETE FROM proxy_model WHERE id = $1', [id])
    }
  }
}
