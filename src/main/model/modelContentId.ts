import { createHash, type Hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { readRegularFile } from '../files/readRegularFile'
import { modelFileParts } from './readModelFile'

/** A file whose weights lie beside it is small: larger ones are not looked through for such names. */
const largestWithParts = 64 * 2 ** 20
const maxBytes = 2 ** 31 - 1
/** Hashed at once: some milliseconds, as this runs in the main process. */
const sliceBytes = 4 * 2 ** 20

/** The id of a network's file as readModelFile gives it, without decoding its weights; null when it cannot be read. */
export async function modelContentId(file: string): Promise<string | null> {
  try {
    const bytes = await readRegularFile(file, { maxBytes })
    const hash = createHash('sha256')
    await take(hash, bytes)
    if (bytes.length <= largestWithParts) {
      for (const { location, file: part } of await modelFileParts(file)) {
        // The parts begin with the file itself and end with its card, which are no data.
        if (part === file || part.endsWith('.json')) continue
        hash.update(location)
        await take(hash, await readRegularFile(part, { maxBytes }))
      }
    }
    return hash.digest('hex').slice(0, 16)
  } catch {
    // The run itself reports what is wrong with its network.
    return null
  }
}

async function take(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    hash.update(bytes.subarray(at, at + sliceBytes))
    await setImmediate()
  }
}
