import type { DuckDBConnection, DuckDBVector } from '@duckdb/node-api'
import { toDuck } from './session'
import type { SqlValue } from './sql'
import { statementError } from './storeErrors'

/** Expected number of rows, or columns of equal length to write into. */
export type ColumnSpace = number | readonly Float64Array[]

/** Rows that columns are made for where the caller does not know their number. */
const firstRows = 4096

/**
 * The columns of a query as numbers, NaN for NULL, read chunk by chunk without an object per row. The columns lie in
 * shared memory, so that a worker can be given them without a copy.
 *
 * @param space how many rows there are, where that is known, so that the columns are never copied to grow; or the
 * columns of an earlier call, which are written over
 * @throws store.failed
 */
export async function readColumns(
  connection: DuckDBConnection,
  sql: string,
  params: readonly SqlValue[] = [],
  space: ColumnSpace = firstRows
): Promise<Float64Array[]> {
  try {
    const result = await connection.stream(sql, params.map(toDuck))
    let capacity = Math.max(1, typeof space === 'number' ? space : (space[0]?.length ?? 0))
    const columns = Array.from({ length: result.columnCount }, (_, at) =>
      typeof space === 'number' ? shared(capacity) : (space[at] ?? shared(capacity))
    )
    let rows = 0
    for (
      let chunk = await result.fetchChunk();
      chunk !== null && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      if (rows + chunk.rowCount > capacity) {
        capacity = Math.max(2 * capacity, rows + chunk.rowCount)
        for (const [at, column] of columns.entries()) {
          columns[at] = shared(capacity)
          columns[at].set(column.subarray(0, rows))
        }
      }
      for (const [at, column] of columns.entries()) copyNumbers(chunk.getColumnVector(at), column, rows)
      rows += chunk.rowCount
    }
    return columns.map((column) => column.subarray(0, rows))
  } catch (cause) {
    throw statementError(cause)
  }
}

/** The first column of a query as texts, an empty text for NULL. @throws store.failed */
export async function readTexts(
  connection: DuckDBConnection,
  sql: string,
  params: readonly SqlValue[] = []
): Promise<string[]> {
  try {
    const result = await connection.stream(sql, params.map(toDuck))
    const texts: string[] = []
    for (
      let chunk = await result.fetchChunk();
      chunk !== null && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      for (const value of chunk.getColumnValues(0)) texts.push(value === null ? '' : String(value))
    }
    return texts
  } catch (cause) {
    throw statementError(cause)
  }
}

const shared = (length: number): Float64Array<ArrayBufferLike> =>
  new Float64Array(new SharedArrayBuffer(8 * length))

/** Copies a vector of numbers to `into` from `offset` on. */
function copyNumbers(vector: DuckDBVector, into: Float64Array, offset: number): void {
  const items = numbersOf(vector)
  if (items === null) {
    for (let row = 0; row < vector.itemCount; row++) {
      const value = vector.getItem(row)
      into[offset + row] = value === null ? NaN : Number(value)
    }
    return
  }
  into.set(items, offset)
  if (isWhole(vector)) return
  for (let row = 0; row < vector.itemCount; row++) if (vector.getItem(row) === null) into[offset + row] = NaN
}

/** DuckDB's own array of a vector of plain numbers; null for other types. Its field is not in the library's types. */
function numbersOf(vector: DuckDBVector): ArrayLike<number> | null {
  const { items } = vector as unknown as { items?: unknown }
  const isPlain =
    items instanceof Float64Array ||
    items instanceof Float32Array ||
    items instanceof Int32Array ||
    items instanceof Uint32Array ||
    items instanceof Uint8Array
  return isPlain ? items : null
}

/** Whether a vector has no NULL, as far as its validity mask shows. */
function isWhole(vector: DuckDBVector): boolean {
  const { validity } = vector as unknown as { validity?: { data?: unknown } }
  return validity !== undefined && validity.data === null
}
