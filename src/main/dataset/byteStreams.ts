import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream'
import { TextDecoder } from 'node:util'
import { createGunzip, createInflateRaw } from 'node:zlib'
import { bytesStream, invalidData } from '../../core/dataset/byteStream'
import type { ByteStream } from '../../core/dataset/item'
import {
  findZipDirectory,
  readZipDirectory,
  zipLocalBytes,
  zipTailBytes,
  type ZipEntry
} from '../../core/dataset/zipDirectory'
import { textEncodingOf } from '../../shared/textEncoding'
import { openRegular } from '../files/openRegularFile'

const blockBytes = 1 << 20

/** A file from its beginning; one that is packed with gzip is unpacked on the way. */
export async function fileStream(file: string): Promise<ByteStream> {
  const { handle } = await openRegular(file)
  const head = Buffer.alloc(2)
  await handle.read(head, 0, 2, 0)
  const plain = handle.createReadStream({ start: 0, highWaterMark: blockBytes })
  return head[0] === 0x1f && head[1] === 0x8b
    ? readableStream(unpacked(plain, createGunzip()), file)
    : readableStream(plain, file)
}

/** The first bytes of a file, unpacked when it is gzip. */
export async function headOf(file: string, length: number): Promise<Uint8Array> {
  const stream = await fileStream(file)
  try {
    return await stream.take(length)
  } finally {
    await stream.close()
  }
}

/** Lines of a text file (UTF-8, or UTF-16 with a mark), without their ends. @throws AppError data.invalid for a line above 16 MiB */
export async function* fileLines(file: string): AsyncGenerator<string> {
  const stream = await fileStream(file)
  let decoder: TextDecoder | undefined
  let rest = ''
  try {
    for (;;) {
      const block = await stream.take(blockBytes)
      decoder ??= new TextDecoder(textEncodingOf(block))
      rest += decoder.decode(block, { stream: block.length > 0 })
      const lines = rest.split('\n')
      rest = lines.pop()!
      if (rest.length > 16 * blockBytes) throw invalidData(file, 'a line is longer than 16 MiB')
      yield* lines
      if (block.length < blockBytes) break
    }
    if (rest !== '') yield rest
  } finally {
    await stream.close()
  }
}

/** The files inside a ZIP archive, each opened when it is read. */
export async function zipEntries(file: string): Promise<Map<string, () => Promise<ByteStream>>> {
  const { handle, sizeBytes } = await openRegular(file)
  try {
    const tail = Buffer.alloc(Math.min(sizeBytes, zipTailBytes))
    await handle.read(tail, 0, tail.length, sizeBytes - tail.length)
    const { directoryOffset, directoryBytes } = findZipDirectory(tail, sizeBytes, file)
    if (directoryOffset + directoryBytes > sizeBytes)
      throw invalidData(file, 'its directory lies outside the file')
    const directory = Buffer.alloc(directoryBytes)
    await handle.read(directory, 0, directoryBytes, directoryOffset)
    return new Map(
      readZipDirectory(directory, file).map((entry) => [entry.name, () => entryStream(file, entry)])
    )
  } finally {
    await handle.close()
  }
}

async function entryStream(file: string, entry: ZipEntry): Promise<ByteStream> {
  const { handle } = await openRegular(file)
  const local = Buffer.alloc(zipLocalBytes)
  await handle.read(local, 0, zipLocalBytes, entry.headerOffset)
  const start = entry.headerOffset + zipLocalBytes + local.readUInt16LE(26) + local.readUInt16LE(28)
  if (entry.packedBytes === 0) {
    await handle.close()
    return bytesStream(new Uint8Array(0))
  }
  const packed = handle.createReadStream({
    start,
    end: start + entry.packedBytes - 1,
    highWaterMark: blockBytes
  })
  return readableStream(
    entry.method === 8 ? unpacked(packed, createInflateRaw()) : packed,
    `${file}: ${entry.name}`
  )
}

function unpacked(source: Readable, transform: ReturnType<typeof createGunzip>): Readable {
  // Errors of either end come out where the bytes are taken.
  pipeline(source, transform, () => undefined)
  return transform
}

function readableStream(source: Readable, name: string): ByteStream {
  const blocks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let held: Buffer = Buffer.alloc(0)
  let ended = false
  const more = async (): Promise<Buffer | null> => {
    const next = await blocks.next().catch((cause: unknown) => {
      throw invalidData(
        name,
        `it cannot be unpacked (${cause instanceof Error ? cause.message : String(cause)})`
      )
    })
    if (next.done === true) ended = true
    return next.done === true ? null : next.value
  }
  return {
    async take(length) {
      const parts = [held]
      let have = held.length
      while (have < length && !ended) {
        const block = await more()
        if (block === null) break
        parts.push(block)
        have += block.length
      }
      const joined = parts.length === 1 ? held : Buffer.concat(parts)
      held = joined.subarray(length)
      // A plain array: slices of a Buffer would be views of shared memory.
      const taken = Math.min(length, joined.length)
      return new Uint8Array(joined.buffer, joined.byteOffset, taken)
    },
    async close() {
      source.destroy()
    }
  }
}
