import { createReadStream } from 'node:fs'
import { TextDecoder } from 'node:util'
import { textEncodingOf } from '../../shared/textEncoding'
import { readRegularFile, type ReadOptions } from './readRegularFile'

/** Reads a text file of a user, UTF-8 or UTF-16 with a byte order mark, without the mark. @throws as readRegularFile */
export async function readTextFile(file: string, options?: ReadOptions): Promise<string> {
  const bytes = await readRegularFile(file, options)
  return new TextDecoder(textEncodingOf(bytes)).decode(bytes)
}

/** Text of a large file piece by piece, as readTextFile reads it; a piece may end inside a line. */
export async function* textPiecesOf(file: string): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined
  for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) {
    decoder ??= new TextDecoder(textEncodingOf(piece))
    yield decoder.decode(piece, { stream: true })
  }
}
