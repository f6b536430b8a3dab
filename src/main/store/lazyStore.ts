import type { Store } from './store'

/**
 * A Store that is opened by its first statement: `bitbench gpu list` must work while another Bitbench owns the data
 * file. Windows open it at once (`ready`), so that a locked file is reported before anything else.
 */
export interface LazyStore extends Store {
  ready(): Promise<void>
  /** Access tokens that were announced; no report may hold them. */
  tokens(): string[]
}

/** Opens the data file when it is first used. */
export function createLazyStore(file: string, open: () => Promise<Store>): LazyStore {
  let opened: Promise<Store> | undefined
  let announced: Parameters<Store['announce']> | undefined
  const get = (): Promise<Store> =>
    (opened ??= open().then(
      (store) => {
        if (announced !== undefined) store.announce(...announced)
        return store
      },
      (reason: unknown) => {
        // The file may be free the next time.
        opened = undefined
        throw reason
      }
    ))
  return {
    file,
    async ready() {
      await get()
    },
    run: async (sql, params) => (await get()).run(sql, params),
    all: async (sql, params) => (await get()).all(sql, params),
    columns: async (...query) => (await get()).columns(...query),
    scan: async (...query) => (await get()).scan(...query),
    texts: async (sql, params) => (await get()).texts(sql, params),
    read: async (sql, params) => (await get()).read(sql, params),
    append: async (table, rows) => (await get()).append(table, rows),
    appendColumns: async (table, count, columns) => (await get()).appendColumns(table, count, columns),
    transaction: async (work) => (await get()).transaction(work),
    transactionBeside: async (work) => (await get()).transactionBeside(work),
    exportQuery: async (...order) => (await get()).exportQuery(...order),
    tokens: () => (announced?.[2] === undefined ? [] : [announced[2]]),
    announce(...words) {
      announced = words
      void opened?.then((store) => store.announce(...words)).catch(() => undefined)
    },
    async close() {
      await (await opened?.catch(() => undefined))?.close()
    }
  }
}
