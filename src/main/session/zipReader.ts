import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { Writable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import {
  findZipDirectory,
  readZipDirectory,
  zipLocalBytes,
  zipTailBytes,
  type ZipEntry
} from '../../core/dataset/zipDirectory'
import { AppError } from '../../shared/errors'
import { openRegular } from '../files/openRegularFile'
import type { PackedMember } from './zipWriter'

/** Limits that keep a hostile archive from filling the disk or the memory. */
export interface ArchiveLimits {
  members: number
  /** Of one directory, bytes. */
  directoryBytes: number
  /** Of all members unpacked, bytes. */
  unpackedBytes: number
  /** Unpacked over packed size of a member above `freeBytes`. */
  ratio: number
  freeBytes: number
}

export const sessionLimits: ArchiveLimits = {
  members: 2000,
  directoryBytes: 1 << 20,
  unpackedBytes: 8 * 2 ** 30,
  ratio: 200,
  freeBytes: 1 << 20
}

/** An open archive whose directory was checked; the content of a member is checked when it is read. */
export interface Archive {
  readonly sizeBytes: number
  readonly names: ReadonlySet<string>
  sizeOf(name: string): number
  /** A small member as a whole. @throws session.invalid */
  bytes(name: string, maxBytes: number): Promise<Buffer>
  /** Unpacks a member into a file of the caller's choice. @throws session.invalid when size or CRC differ */
  extract(name: string, file: string): Promise<PackedMember>
  close(): Promise<void>
}

/** Members are named by letters, digits, dots, dashes and underscores in folders: nothing that leaves a folder. */
const plainName = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/

/** Opens a session file and reads its list of entries. @throws data.missing, data.invalid (no regular file), session.invalid */
export async function openArchive(file: string, limits = sessionLimits): Promise<Archive> {
  const { handle, sizeBytes } = await openRegular(file)
  try {
    const entries = await readEntries(handle, sizeBytes, file, limits)
    const entryOf = (name: string): ZipEntry => {
      const entry = entries.get(name)
      if (entry === undefined) throw invalidSession(file, `"${name}" is missing in it`)
      return entry
    }
    return {
      sizeBytes,
      names: new Set(entries.keys()),
      sizeOf: (name) => entryOf(name).bytes,
      async bytes(name, maxBytes) {
        const entry = entryOf(name)
        if (entry.bytes > maxBytes) throw invalidSession(file, `"${name}" is too large`)
        const parts: Buffer[] = []
        const into = new Writable({
          write(chunk: Buffer, _encoding, next) {
            parts.push(chunk)
            next()
          }
        })
        await unpack(handle, entry, file, into)
        return Buffer.concat(parts)
      },
      extract: (name, target) =>
        unpack(handle, entryOf(name), file, createWriteStream(target, { flags: 'wx', mode: 0o600 })),
      close: () => handle.close()
    }
  } catch (cause) {
    await handle.close()
    throw cause
  }
}

async function readEntries(
  handle: FileHandle,
  sizeBytes: number,
  file: string,
  limits: ArchiveLimits
): Promise<Map<string, ZipEntry>> {
  const tail = await readAt(handle, Math.max(0, sizeBytes - zipTailBytes), Math.min(sizeBytes, zipTailBytes))
  const { directoryOffset, directoryBytes } = inSession(file, () => findZipDirectory(tail, sizeBytes, file))
  if (directoryBytes > limits.directoryBytes || directoryOffset + directoryBytes > sizeBytes)
    throw invalidSession(file, 'its directory is damaged')
  const directory = await readAt(handle, directoryOffset, directoryBytes)
  const list = inSession(file, () => readZipDirectory(directory, file))
  checkEntries(list, directoryOffset, file, limits)
  return new Map(list.map((entry) => [entry.name, entry]))
}

/** Names that could leave a folder, members that share bytes, and sizes no session has. */
function checkEntries(
  list: readonly ZipEntry[],
  directoryOffset: number,
  file: string,
  limits: ArchiveLimits
): void {
  if (list.length > limits.members) throw invalidSession(file, `it holds more than ${limits.members} members`)
  const names = new Set(list.map(({ name }) => name.toLowerCase()))
  if (names.size !== list.length) throw invalidSession(file, 'two members have one name')
  let unpacked = 0
  let end = 0
  for (const entry of [...list].sort((a, b) => a.headerOffset - b.headerOffset)) {
    if (!plainName.test(entry.name)) throw invalidSession(file, 'a member has a name that is not allowed')
    if (entry.headerOffset < end) throw invalidSession(file, 'its members overlap')
    end = entry.headerOffset + zipLocalBytes + entry.name.length + entry.packedBytes
    unpacked += entry.bytes
    if (entry.bytes > limits.freeBytes && entry.bytes > limits.ratio * entry.packedBytes)
      throw invalidSession(file, `"${entry.name}" unpacks to far more than it takes in the file`)
  }
  if (end > directoryOffset) throw invalidSession(file, 'its members reach behind their directory')
  if (unpacked > limits.unpackedBytes) throw invalidSession(file, 'it unpacks to more than is read here')
}

/** Streams a member unpacked into `into` and checks its size and CRC-32 on the way. */
async function unpack(
  handle: FileHandle,
  entry: ZipEntry,
  file: string,
  into: Writable
): Promise<PackedMember> {
  const start = await startOf(handle, entry, file)
  const hash = createHash('sha256')
  let [sizeBytes, crc] = [0, 0]
  const packed = chunksOf(handle, start, entry.packedBytes)
  const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      sizeBytes += chunk.length
      if (sizeBytes > entry.bytes)
        throw invalidSession(file, `"${entry.name}" is longer than its directory entry`)
      hash.update(chunk)
      crc = crc32(chunk, crc)
      yield chunk
    }
  }
  try {
    if (entry.method === 8) await pipeline(packed, createInflateRaw(), counted, into)
    else await pipeline(packed, counted, into)
  } catch (cause) {
    throw cause instanceof AppError || !isZlibError(cause) ? cause : damaged(file, entry, cause)
  }
  if (sizeBytes !== entry.bytes || crc !== entry.crc32) throw damaged(file, entry)
  return { sizeBytes, sha256: hash.digest('hex') }
}

/** Where a member's bytes begin; its own header must name it as the directory does. */
async function startOf(handle: FileHandle, entry: ZipEntry, file: string): Promise<number> {
  const local = await readAt(handle, entry.headerOffset, zipLocalBytes + entry.name.length)
  const sound =
    local.length === zipLocalBytes + entry.name.length &&
    local.readUInt32LE(0) === 0x04034b50 &&
    (local.readUInt16LE(6) & 1) === 0 &&
    local.readUInt16LE(26) === entry.name.length &&
    local.toString('ascii', zipLocalBytes) === entry.name
  if (!sound) throw damaged(file, entry)
  return entry.headerOffset + zipLocalBytes + entry.name.length + local.readUInt16LE(28)
}

async function* chunksOf(handle: FileHandle, start: number, length: number): AsyncGenerator<Buffer> {
  for (let done = 0; done < length;) {
    const chunk = await readAt(handle, start + done, Math.min(1 << 18, length - done))
    if (chunk.length === 0) return
    done += chunk.length
    yield chunk
  }
}

/** Up to `length` bytes; fewer at the end of the file. */
async function readAt(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, start + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}

const isZlibError = (cause: unknown): boolean =>
  /^Z_|^ERR_/.test(String((cause as NodeJS.ErrnoException | null)?.code ?? ''))

function damaged(file: string, entry: ZipEntry, cause?: unknown): AppError {
  return invalidSession(file, `"${entry.name}" is damaged`, cause)
}

/** Runs a reader of ZIP archives; what it finds wrong with the archive is reported as session.invalid. */
function inSession<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof AppError && cause.code !== 'data.invalid') throw cause
    throw invalidSession(file, 'it is not a whole session file', cause)
  }
}

/** session.invalid about a file. */
export function invalidSession(file: string, why: string, cause?: unknown): AppError {
  return new AppError(
    'session.invalid',
    `${file} cannot be read as a session: ${why}.`,
    'Copy the file again from where it came, or export the session again. Nothing was changed.',
    cause === undefined ? {} : { cause }
  )
}
