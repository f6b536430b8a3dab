import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { AppError } from '../../shared/errors'
import { readColumns, toDuck } from './session'
import type { SqlValue } from './sql'

const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * Writes a query's rows to a file and returns their number. DuckDB writes a temporary file in the same folder, which is
 * synced and renamed: the old file stays until the new one is whole.
 *
 * @throws store.exportFailed
 */
export async function exportTable(
  connection: DuckDBConnection,
  sql: string,
  params: readonly SqlValue[],
  target: string,
  format: 'csv' | 'parquet'
): Promise<number> {
  const file = path.resolve(target)
  const unfinished = path.join(
    path.dirname(file),
    `.${path.basename(file)}.${randomBytes(6).toString('hex')}.unfinished`
  )
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    // COPY takes no parameters inside its query, but a prepared variable of this connection may stand there.
    for (const [index, value] of params.entries()) {
      await connection.run(`SET VARIABLE p${index + 1} = $1`, [toDuck(value)])
    }
    const query = sql.replace(/\$(\d+)/g, (_, number: string) => `getvariable('p${number}')`)
    const how = format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT parquet'
    const [rows] = await readColumns(
      connection,
      `COPY (${query}) TO ${sqlText(unfinished)} (${how}, USE_TMP_FILE false)`
    )
    await sync(unfinished)
    await rename(unfinished, file)
    return rows?.[0] ?? 0
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw exportError(file, cause)
  }
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function exportError(file: string, cause: unknown): AppError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const isFull = /no space left|ENOSPC|disk quota|EDQUOT/i.test(text)
  return new AppError(
    'store.exportFailed',
    isFull
      ? `There is no space left on the disk for ${file}.`
      : `The file ${file} could not be written: ${text.split('\n', 1)[0] ?? text}`,
    isFull
      ? 'Free disk space, or choose another folder. A file that was there before is unchanged.'
      : 'Check that the folder exists and can be written. A file that was there before is unchanged.',
    { cause }
  )
}
