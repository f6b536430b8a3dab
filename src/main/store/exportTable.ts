import type { DuckDBConnection } from '@duckdb/node-api'
import { replaceFile } from '../files/replaceFile'
import { toDuck } from './session'
import type { SqlValue } from './sql'

const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * Writes a query's rows to a file and returns their number. The old file stays until the new one is whole.
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
  // COPY takes no parameters inside its query, but variables of this connection may stand there.
  for (const [index, value] of params.entries()) {
    await connection.run(`SET VARIABLE p${index + 1} = $1`, [toDuck(value)])
  }
  const query = sql.replace(/\$(\d+)/g, (_, number: string) => `getvariable('p${number}')`)
  const how = format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT parquet'
  return await replaceFile(target, async (unfinished) => {
    const copied = await connection.runAndReadAll(
      `COPY (${query}) TO ${sqlText(unfinished)} (${how}, USE_TMP_FILE false)`
    )
    return Number(copied.getRowsJS()[0]?.[0] ?? 0)
  })
}
