import { AppError } from '../../shared/errors'

/**
 * The tables of one noun, as the list of steps that built them. A step that was ever released is never edited: a
 * change is a new step at the end, so that every data file in the field reaches the same tables.
 */
export interface NounMigrations {
  readonly noun: string
  /** SQL, one entry per version; version n is reached when the first n entries have run. */
  readonly steps: readonly string[]
}

/** The two calls that migrating needs, so that it runs inside the transaction of its caller. */
export interface MigrationTarget {
  run(sql: string, params?: readonly (string | number)[]): Promise<void>
  all<Row>(sql: string): Promise<Row[]>
}

/**
 * Brings every noun to its newest version.
 *
 * @throws store.corrupt when the file was written by a newer Bitbench, whose tables this one does not know
 */
export async function migrate(target: MigrationTarget, nouns: readonly NounMigrations[]): Promise<void> {
  await target.run(
    'CREATE TABLE IF NOT EXISTS store_version (noun VARCHAR PRIMARY KEY, version INTEGER NOT NULL)'
  )
  const found = new Map(
    (await target.all<{ noun: string; version: number }>('SELECT noun, version FROM store_version')).map(
      (row) => [row.noun, row.version]
    )
  )
  for (const { noun, steps } of nouns) {
    const version = found.get(noun) ?? 0
    if (version > steps.length) {
      throw new AppError(
        'store.corrupt',
        `The data file holds version ${version} of the ${noun} tables; this Bitbench knows up to ${steps.length}.`,
        'The file was written by a newer Bitbench: start that one, or choose another data folder with --data.'
      )
    }
    for (const step of steps.slice(version)) await target.run(step)
    if (version < steps.length) {
      await target.run('INSERT OR REPLACE INTO store_version VALUES ($1, $2)', [noun, steps.length])
    }
  }
}
