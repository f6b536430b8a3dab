import { DuckDBInstance } from '@duckdb/node-api'
import { AppError } from '../../shared/errors'
import { openRegular } from '../files/openRegularFile'

/** Rows of a Parquet file as plain records; whole numbers beyond 32 bits become numbers. @throws input.notFound, data.invalid */
export async function readParquet(file: string): Promise<Record<string, unknown>[]> {
  const found = await openRegular(file).catch((cause: unknown) => {
    if (cause instanceof AppError && cause.code === 'data.missing')
      throw new AppError('input.notFound', `There is no file ${file}.`, 'Check the path.', { cause })
    throw cause
  })
  await found.handle.close()
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '1GB', threads: '1' })
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll('SELECT * FROM read_parquet(?)', [file])
    return reader.getRowObjectsJson().map((row) => ({ ...row }))
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('data.invalid', `${file} is not a Parquet file: ${message}`, 'Write the file again.', {
      cause
    })
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
