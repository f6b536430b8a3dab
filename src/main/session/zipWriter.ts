import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createDeflateRaw } from 'node:zlib'
import { zipLocalBytes } from '../../core/dataset/zipDirectory'
import { AppError } from '../../shared/errors'

/** Size and hash of a member as it is before packing. */
export interface PackedMember {
  readonly sizeBytes: number
  /** Hexadecimal. */
  readonly sha256: string
}

/** A ZIP archive that is written member by member. */
export interface ZipWriter {
  /** Adds bytes, or the content of a file, under an ASCII name. */
  add(name: string, source: Uint8Array | { file: string }): Promise<PackedMember>
  /** Writes the directory; no member can be added after it. */
  end(): Promise<void>
}

/** Largest archive and member without ZIP64, in bytes. */
export const maxZipBytes = 0xffff_fffe

/** 1 January 1980: archives of the same content have the same bytes. */
const dosDate = (1 << 5) | 1

interface Written {
  sizeBytes: number
  sha256: string
  name: Buffer
  crc: number
  packedBytes: number
  offset: number
}

/** Writes deflated members one after the other. @throws AppError store.exportFailed above 4 GiB */
export function createZipWriter(handle: FileHandle): ZipWriter {
  const members: Written[] = []
  let position = 0
  const append = async (bytes: Uint8Array): Promise<void> => {
    if (position + bytes.length > maxZipBytes) throw tooLarge()
    await writeAll(handle, bytes, position)
    position += bytes.length
  }

  return {
    async add(name, source) {
      const member: Written = {
        ...{ name: Buffer.from(name, 'ascii'), offset: position },
        ...{ crc: 0, sizeBytes: 0, packedBytes: 0, sha256: '' }
      }
      await append(Buffer.alloc(zipLocalBytes + member.name.length))
      const start = position
      const hash = createHash('sha256')
      await pipeline(
        source instanceof Uint8Array ? Readable.from([source]) : createReadStream(source.file),
        async function* (chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) {
            hash.update(chunk)
            member.crc = crc32(chunk, member.crc)
            member.sizeBytes += chunk.length
            yield chunk
          }
        },
        createDeflateRaw(),
        async (chunks: AsyncIterable<Uint8Array>) => {
          for await (const chunk of chunks) await append(chunk)
        }
      )
      if (member.sizeBytes > maxZipBytes) throw tooLarge()
      const done: Written = { ...member, packedBytes: position - start, sha256: hash.digest('hex') }
      await writeAll(handle, localHeader(done), done.offset)
      members.push(done)
      return { sizeBytes: done.sizeBytes, sha256: done.sha256 }
    },
    async end() {
      const start = position
      for (const member of members) await append(directoryEntry(member))
      const end = Buffer.alloc(22)
      end.writeUInt32LE(0x06054b50, 0)
      end.writeUInt16LE(members.length, 8)
      end.writeUInt16LE(members.length, 10)
      end.writeUInt32LE(position - start, 12)
      end.writeUInt32LE(start, 16)
      await append(end)
    }
  }
}

function localHeader({ name, crc, packedBytes, sizeBytes }: Written): Buffer {
  const header = Buffer.alloc(zipLocalBytes + name.length)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(8, 8)
  header.writeUInt16LE(dosDate, 12)
  header.writeUInt32LE(crc, 14)
  header.writeUInt32LE(packedBytes, 18)
  header.writeUInt32LE(sizeBytes, 22)
  header.writeUInt16LE(name.length, 26)
  name.copy(header, zipLocalBytes)
  return header
}

function directoryEntry(member: Written): Buffer {
  const { name, crc, packedBytes, sizeBytes, offset } = member
  const entry = Buffer.alloc(46 + name.length)
  entry.writeUInt32LE(0x02014b50, 0)
  entry.writeUInt16LE(20, 4)
  entry.writeUInt16LE(20, 6)
  entry.writeUInt16LE(8, 10)
  entry.writeUInt16LE(dosDate, 14)
  entry.writeUInt32LE(crc, 16)
  entry.writeUInt32LE(packedBytes, 20)
  entry.writeUInt32LE(sizeBytes, 24)
  entry.writeUInt16LE(name.length, 28)
  entry.writeUInt32LE(offset, 42)
  name.copy(entry, 46)
  return entry
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

function tooLarge(): AppError {
  return new AppError(
    'store.exportFailed',
    'The session would be larger than 4 GiB.',
    'Export fewer runs into one file; long recordings are the largest.'
  )
}
