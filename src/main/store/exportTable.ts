import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { replaceFile } from '../files/replaceFile'
import { toDuck } from './session'
import type { SqlValue } from './sql'

const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * Writes a query's rows to a file and returns their number. The old file stays until the new one is whole.
 *
 * @param pieces values of further parameters, behind `params`, for each piece of the rows: the query runs once for each, so that
 * what it sorts and joins at once stays small, and the file holds the pieces' rows one behind the other
 * @throws store.exportFailed
 */
export async function exportTable(
  connection: DuckDBConnection,
  sql: string,
  params: readonly SqlValue[],
  target: string,
  format: 'csv' | 'parquet',
  pieces: readonly (readonly SqlValue[])[] = [[]]
): Promise<number> {
  const query = sql.replace(/\$(\d+)/g, (_, number: string) => `getvariable('p${number}')`)
  // COPY takes no parameters inside its query, but variables of this connection may stand there.
  const copyPiece = async (piece: readonly SqlValue[], file: string, how: typeof format): Promise<number> => {
    for (const [index, value] of [...params, ...piece].entries()) {
      await connection.run(`SET VARIABLE p${index + 1} = $1`, [toDuck(value)])
    }
    return await copy(connection, query, file, how)
  }
  return await replaceFile(target, async (unfinished) => {
    if (pieces.length === 1) return await copyPiece(pieces[0], unfinished, format)
    const folder = `${unfinished}.pieces`
    await mkdir(folder)
    try {
      const files: string[] = []
      for (const piece of pieces) {
        const file = path.join(folder, `${files.length}.parquet`)
        if ((await copyPiece(piece, file, 'parquet')) > 0 || files.length === 0) files.push(file)
      }
      return await copy(
        connection,
        `SELECT * FROM read_parquet([${files.map(sqlText).join(', ')}])`,
        unfinished,
        format
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}

async function copy(
  connection: DuckDBConnection,
  query: string,
  file: string,
  format: 'csv' | 'parquet'
): Promise<number> {
  const how = format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT parquet'
  const copied = await connection.runAndReadAll(
    `COPY (${query}) TO ${sqlText(file)} (${how}, USE_TMP_FILE false)`
  )
  return Number(copied.getRowsJS()[0]?.[0] ?? 0)
}
