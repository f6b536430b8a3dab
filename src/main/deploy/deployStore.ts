import { deploymentSchema, type Deployment } from '../../shared/contract/deploy'
import type { NounMigrations } from '../store/migrations'
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

export interface DeployStore {
  save(deployment: Deployment): Promise<void>
  /** Newest first. */
  list(): Promise<Deployment[]>
  get(id: string): Promise<Deployment | null>
  remove(id: string): Promise<void>
}

export function createDeployStore(store: Store): DeployStore {
  const read = (row: { record: string }): Deployment => deploymentSchema.parse(JSON.parse(row.record))
  return {
    save: (deployment) =>
      store.run('INSERT OR REPLACE INTO deployment VALUES ($1, $2, $3)', [
        deployment.id,
        deployment.startedAtMs,
        JSON.stringify(deployment)
      ]),
    async list() {
      const rows = await store.all<{ record: string }>(
        'SELECT record FROM deployment ORDER BY started_at_ms DESC LIMIT 200'
      )
      return rows.map(read)
    },
    async get(id) {
      const [row] = await store.all<{ record: string }>('SELECT record FROM deployment WHERE id = $1', [id])
      return row === undefined ? null : read(row)
    },
    remove: (id) => store.run('DELETE FROM deployment WHERE id = $1', [id])
  }
}
