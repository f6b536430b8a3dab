import { z } from 'zod'
import { publishedFactsSchema } from '../../shared/contract/shared'
import type { NounMigrations } from '../store/migrations'
import { parseJson } from '../store/recordTable'
import type { Store } from '../store/store'

/** What this data file has published in which folder, and what it took over from others. */
export const sharedMigrations: NounMigrations = {
  noun: 'shared',
  steps: [
    `CREATE TABLE shared_part (
       folder VARCHAR NOT NULL, file VARCHAR NOT NULL, content VARCHAR NOT NULL, size_bytes DOUBLE NOT NULL,
       PRIMARY KEY (folder, file)
     );
     CREATE TABLE shared_run (folder VARCHAR NOT NULL, run_id VARCHAR NOT NULL, record VARCHAR NOT NULL, PRIMARY KEY (folder, run_id));
     CREATE TABLE shared_taken (run_id VARCHAR PRIMARY KEY, host VARCHAR NOT NULL, original_id VARCHAR NOT NULL);`
  ]
}

const publishedRunSchema = publishedFactsSchema.extend({
  session: z.object({ file: z.string(), sizeBytes: z.number(), sha256: z.string() }).nullable()
})

/** A run as the folder lists it. */
export type PublishedRun = z.infer<typeof publishedRunSchema>

/** A run that was taken over: its id here, by its host and its id there. */
export interface TakenRun {
  readonly runId: string
  readonly host: string
  readonly originalId: string
}

/** What is remembered of shared folders in the data file. */
export interface SharedStore {
  /** Content and size of the files that this data file wrote, by name. */
  parts(folder: string): Promise<Map<string, { content: string; sizeBytes: number }>>
  savePart(folder: string, file: string, content: string, sizeBytes: number): Promise<void>
  forgetPart(folder: string, file: string): Promise<void>
  /** Published runs, those that are gone here too. */
  runs(folder: string): Promise<PublishedRun[]>
  saveRun(folder: string, run: PublishedRun): Promise<void>
  forgetRun(folder: string, id: string): Promise<void>
  taken(): Promise<TakenRun[]>
  saveTaken(run: TakenRun): Promise<void>
}

/** Reads and writes them. */
export function createSharedStore(store: Pick<Store, 'run' | 'all'>): SharedStore {
  return {
    async parts(folder) {
      const rows = await store.all<{ file: string; content: string; size_bytes: number }>(
        'SELECT file, content, size_bytes FROM shared_part WHERE folder = $1',
        [folder]
      )
      return new Map(rows.map((row) => [row.file, { content: row.content, sizeBytes: row.size_bytes }]))
    },
    savePart: (folder, file, content, sizeBytes) =>
      store.run('INSERT OR REPLACE INTO shared_part VALUES ($1, $2, $3, $4)', [
        folder,
        file,
        content,
        sizeBytes
      ]),
    forgetPart: (folder, file) =>
      store.run('DELETE FROM shared_part WHERE folder = $1 AND file = $2', [folder, file]),
    async runs(folder) {
      const rows = await store.all<{ record: string }>('SELECT record FROM shared_run WHERE folder = $1', [
        folder
      ])
      return rows.flatMap(({ record }) => parseJson(record, publishedRunSchema).value ?? [])
    },
    saveRun: (folder, run) =>
      store.run('INSERT OR REPLACE INTO shared_run VALUES ($1, $2, $3)', [
        folder,
        run.id,
        JSON.stringify(run)
      ]),
    forgetRun: (folder, id) =>
      store.run('DELETE FROM shared_run WHERE folder = $1 AND run_id = $2', [folder, id]),
    async taken() {
      const rows = await store.all<{ run_id: string; host: string; original_id: string }>(
        'SELECT * FROM shared_taken'
      )
      return rows.map((row) => ({ runId: row.run_id, host: row.host, originalId: row.original_id }))
    },
    saveTaken: ({ runId, host, originalId }) =>
      store.run('INSERT OR REPLACE INTO shared_taken VALUES ($1, $2, $3)', [runId, host, originalId])
  }
}
