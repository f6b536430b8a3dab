import { stat } from 'node:fs/promises'
import type { HandlersOf } from '../../shared/contract/framework/define'
import type { storeContract } from '../../shared/contract/store'
import { AppError } from '../../shared/errors'
import type { Store } from './store'
import { readLosses, saveLoss } from './storeLosses'
import { walOf } from './walJournal'

/** What the data file holds, for the settings page. */
export function createStoreService(store: Store): { handlers: HandlersOf<typeof storeContract> } {
  return {
    handlers: {
      'store.info': async () => {
        const names = await store.all<{ table_name: string }>(
          `SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' AND table_name NOT IN ('store_version', 'store_loss') ORDER BY table_name`
        )
        const tables: { name: string; rows: number }[] = []
        for (const { table_name: name } of names) {
          const [count] = await store.all<{ rows: number }>(`SELECT count(*) AS rows FROM "${name}"`)
          tables.push({ name, rows: count?.rows ?? 0 })
        }
        return { file: store.file, sizeBytes: await sizeOf(store.file), tables }
      },
      'store.losses': async () => ({ losses: await readLosses(store) }),
      'store.dismissLoss': async ({ id }) => {
        const loss = (await readLosses(store)).find((one) => one.id === id)
        if (loss === undefined)
          throw new AppError('input.notFound', `There is no loss ${id}.`, 'Look at the list of losses again.')
        await saveLoss(store, { ...loss, isSeen: true })
        return {}
      }
    }
  }
}

/** Bytes of a data file and of its write-ahead log, where rows lie until the next checkpoint; null in memory. */
async function sizeOf(file: string): Promise<number | null> {
  if (file === ':memory:') return null
  const [data, log] = await Promise.all(
    [file, walOf(file)].map(async (one) => (await stat(one).catch(() => null))?.size)
  )
  return data === undefined ? null : data + (log ?? 0)
}
