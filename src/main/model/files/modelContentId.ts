import { createHash } from 'node:crypto'
import { readRegularFile } from '../../files/readRegularFile'
import { dataFilesOf, maxModelBytes as maxBytes } from './readModelFile'

/**
 * The id of a network's file as readModelFile gives it, without decoding its weights; null when it cannot be read.
 * Hashing takes seconds for a large network: runs in worker threads (modelTasks.ts).
 */
export async function modelContentId(file: string): Promise<string | null> {
  try {
    const bytes = await readRegularFile(file, { maxBytes })
    const hash = createHash('sha256').update(bytes)
    for (const part of await dataFilesOf(file, bytes)) {
      hash.update(part.location).update(await readRegularFile(part.file, { maxBytes }))
    }
    return hash.digest('hex').slice(0, 16)
  } catch {
    // The run itself reports what is wrong with its network.
    return null
  }
}
