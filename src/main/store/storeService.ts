import { stat } from 'node:fs/promises'
import type { HandlersOf } from '../../shared/contract/define'
import type { storeContract } from '../../shared/contract/store'
import type { Store } from './store'

/** What the data file holds, for the settings page. */
export function createStoreService(store: Store): { handlers: HandlersOf<typeof storeContract> } {
  return {
    handlers: {
      'store.info': async () => {
        const names = await store.all<{ table_name: string }>(
          `SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' AND table_name <> 'store_version' ORDER BY table_name`
        )
        const tables: { name: string; rows: number }[] = []
        for (const { table_name: name } of names) {
          const [count] = await store.all<{ rows: number }>(`SELECT count(*) AS rows FROM "${name}"`)
          tables.push({ name, rows: count?.rows ?? 0 })
        }
        const sizeBytes = store.file === ':memory:' ? null : (await stat(store.file).catch(() => null))?.size
        return { file: store.file, sizeBytes: sizeBytes ?? null, tables }
      }
    }
  }
}
