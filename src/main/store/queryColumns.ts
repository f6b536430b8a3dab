import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult, DuckDBVector } from '@duckdb/node-api'
import { toDuck } from './session'
import type { SqlValue } from './sql'
import { statementError } from './storeErrors'

/** Rows that columns are made for where the caller does not know their number. */
const firstRows = 4096

/**
 * The columns of a query as numbers, NaN for NULL, read chunk by chunk without an object per row. The columns lie in
 * shared memory, so that a worker can be given them without a copy.
 *
 * @param expected how many rows there are, where that is known, so that the columns are never copied to grow
 * @throws store.failed
 */
export async function readColumns(
  connection: DuckDBConnection,
  sql: string,
  params: readonly SqlValue[] = [],
  expected = firstRows
): Promise<Float64Array[]> {
  try {
    const result = await connection.stream(sql, params.map(toDuck))
    let capacity = Math.max(1, expected)
    const columns = Array.from({ length: result.columnCount }, () => shared(capacity))
    let rows = 0
    for await (const chunk of chunksOf(result)) {
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

/** Takes rows of a query as columns of numbers, NaN for NULL; false ends the query. */
export type TakeColumns = (columns: readonly Float64Array[]) => boolean | Promise<boolean>

/** Rows that DuckDB makes ahead of a scan: with its own 1 MB, most of a scan's time went into waiting for the next rows. */
const streamingBuffer = '8MB'

/** Passes the rows of a query on chunk by chunk: for results of any size. @throws store.failed, what `take` throws */
export async function scanColumns(
  connection: DuckDBConnection,
  sql: string,
  params: readonly SqlValue[],
  take: TakeColumns
): Promise<void> {
  await connection.run(`SET streaming_buffer_size = '${streamingBuffer}'`).catch(failed)
  const result = await connection.stream(sql, params.map(toDuck)).catch(failed)
  const chunks = chunksOf(result)
  let coming = chunks.next()
  for (let next = await coming.catch(failed); !next.done; next = await coming.catch(failed)) {
    const chunk = next.value
    // New arrays for every chunk: V8 does not know of the chunk's memory, which is freed with it, but collects garbage as
    // these arrays add up. With arrays that are written over, a day of readings left 700 MB of chunks behind.
    const columns = Array.from({ length: result.columnCount }, (_, at) => {
      const column = new Float64Array(chunk.rowCount)
      copyNumbers(chunk.getColumnVector(at), column, 0)
      return column
    })
    // DuckDB makes the next chunk while this one is looked at.
    coming = chunks.next()
    coming.catch(() => undefined)
    if (!(await take(columns))) return
  }
}

const failed = (cause: unknown): never => {
  throw statementError(cause)
}

async function* chunksOf(result: DuckDBResult): AsyncGenerator<DuckDBDataChunk, void, void> {
  for (
    let chunk = await result.fetchChunk();
    chunk !== null && chunk.rowCount > 0;
    chunk = await result.fetchChunk()
  ) {
    yield chunk
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
    for await (const chunk of chunksOf(result)) {
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
