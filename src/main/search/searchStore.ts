import { searchSchema, type Search } from '../../shared/contract/search'
import type { NounMigrations } from '../store/migrations'
import type { Store } from '../store/store'

/** Searches in the data file: one row each, the whole record with its trace as JSON. */
export const searchMigrations: NounMigrations = {
  noun: 'search',
  steps: [
    `CREATE TABLE search (
       id VARCHAR PRIMARY KEY,
       started_at_ms BIGINT NOT NULL,
       record VARCHAR NOT NULL
     )`
  ]
}

export interface SearchStore {
  save(search: Search): Promise<void>
  /** Newest first. */
  list(): Promise<Search[]>
  get(id: string): Promise<Search | null>
}

export function createSearchStore(store: Store): SearchStore {
  const read = (row: { record: string }): Search => searchSchema.parse(JSON.parse(row.record))
  return {
    save: (search) =>
      store.run('INSERT OR REPLACE INTO search VALUES ($1, $2, $3)', [
        search.id,
        search.startedAtMs,
        JSON.stringify(search)
      ]),
    async list() {
      const rows = await store.all<{ record: string }>(
        'SELECT record FROM search ORDER BY started_at_ms DESC LIMIT 200'
      )
      return rows.map(read)
    },
    async get(id) {
      const [row] = await store.all<{ record: string }>('SELECT record FROM search WHERE id = $1', [id])
      return row === undefined ? null : read(row)
    }
  }
}
