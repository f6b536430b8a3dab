import type { Search } from '../../shared/contract/search'
import type { NounMigrations } from '../store/migrations'
import { createRecordTable, type RecordTable } from '../store/recordTable'
import type { Store } from '../store/store'
import { storedSearchSchema } from './searchRecord'

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

/** Searches in the data file. */
export type SearchStore = RecordTable<Search>

/** Returns the searches of a data file. */
export function createSearchStore(store: Pick<Store, 'run' | 'all'>): SearchStore {
  return createRecordTable(store, { table: 'search', schema: storedSearchSchema })
}
