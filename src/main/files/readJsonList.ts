import type { z } from 'zod'
import { parseJsonList } from '../../shared/jsonList'
import { readRegularFile } from './readRegularFile'

/** The entries of a list in a small file of our own that fit `schema`; empty where the file is absent or is no list. */
export async function readJsonList<T>(file: string, schema: z.ZodType<T>): Promise<T[]> {
  const bytes = await readRegularFile(file).catch(() => Buffer.from('[]'))
  return parseJsonList(bytes.toString('utf8'), schema).entries
}
