import { deploymentSchema, type Deployment } from '../../shared/contract/deploy'
import type { NounMigrations } from '../store/migrations'
import { createRecordTable, type RecordTable } from '../store/recordTable'
import type { Store } from '../store/store'

/** Deployments in the data file: one row each, the record as JSON (it is read whole, never queried by column). */
export const deployMigrations: NounMigrations = {
  noun: 'deploy',
  steps: [
    `CREATE TABLE deployment (
       id VARCHAR PRIMARY KEY,
       started_at_ms BIGINT NOT NULL,
       record VARCHAR NOT NULL
     )`
  ]
}

/** Deployments in the data file. */
export type DeployStore = RecordTable<Deployment>

/** Returns the deployments of a data file. */
export function createDeployStore(store: Pick<Store, 'run' | 'all'>): DeployStore {
  return createRecordTable(store, { table: 'deployment', schema: deploymentSchema })
}
