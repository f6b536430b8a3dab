import { storeLossSchema, type StoreLoss } from '../../shared/contract/store'
import type { NounMigrations } from './migrations'
import { parseJson } from './recordTable'
import type { StoreSession } from './sql'

/** Losses that were found when the data file was opened. */
export const lossMigrations: NounMigrations = {
  noun: 'store',
  steps: [
    'CREATE TABLE store_loss (id VARCHAR PRIMARY KEY, found_at_ms DOUBLE NOT NULL, loss VARCHAR NOT NULL)'
  ]
}

/** Stores a loss; one of the same id is replaced. */
export async function saveLoss(session: Pick<StoreSession, 'run'>, loss: StoreLoss): Promise<void> {
  await session.run('INSERT OR REPLACE INTO store_loss VALUES ($1, $2, $3)', [
    loss.id,
    loss.foundAtMs,
    JSON.stringify(loss)
  ])
}

/** Newest first. */
export async function readLosses(session: Pick<StoreSession, 'all'>): Promise<StoreLoss[]> {
  const rows = await session.all<{ loss: string }>('SELECT loss FROM store_loss ORDER BY found_at_ms DESC')
  return rows.flatMap(({ loss }) => parseJson(loss, storeLossSchema).value ?? [])
}
