import { textEncodingOf } from '../../shared/textEncoding'
import { readRegularFile, type ReadOptions } from './readRegularFile'

/** Reads a text file of a user, UTF-8 or UTF-16 with a byte order mark, without the mark. @throws as readRegularFile */
export async function readTextFile(file: string, options?: ReadOptions): Promise<string> {
  const bytes = await readRegularFile(file, options)
  return new TextDecoder(textEncodingOf(bytes)).decode(bytes)
}
