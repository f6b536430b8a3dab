import { invalidData } from './byteStream'

/** One file inside a ZIP archive (an NPZ is one). */
export interface ZipEntry {
  readonly name: string
  /** 0 stored, 8 deflated. */
  readonly method: 0 | 8
  /** CRC-32 of the unpacked bytes. */
  readonly crc32: number
  readonly packedBytes: number
  readonly bytes: number
  /** Where its local header begins. */
  readonly headerOffset: number
}

/** Most bytes behind the last entry that may hold the end record and the longest comment. */
export const zipTailBytes = 65_557
/** Length of a local header without its variable part, whose two lengths stand at 26 and 28. */
export const zipLocalBytes = 30

/** Where the central directory of a ZIP file lies, in bytes. */
export interface ZipEnd {
  readonly directoryOffset: number
  readonly directoryBytes: number
}

/**
 * Finds the directory from the last bytes of the archive. @throws AppError data.invalid
 * @param tail the last `tail.length` bytes of a file of `size` bytes
 */
export function findZipDirectory(tail: Uint8Array, size: number, file: string): ZipEnd {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  for (let at = tail.length - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue
    const directoryBytes = view.getUint32(at + 12, true)
    const directoryOffset = view.getUint32(at + 16, true)
    if (directoryOffset !== 0xffffffff && directoryBytes !== 0xffffffff)
      return { directoryBytes, directoryOffset }
    // ZIP64: the larger record lies before its locator, which lies before this one.
    const locator = at - 20
    if (locator < 0 || view.getUint32(locator, true) !== 0x07064b50) break
    const record = Number(view.getBigUint64(locator + 8, true)) - (size - tail.length)
    if (record < 0 || record + 56 > tail.length || view.getUint32(record, true) !== 0x06064b50) break
    return {
      directoryBytes: Number(view.getBigUint64(record + 40, true)),
      directoryOffset: Number(view.getBigUint64(record + 48, true))
    }
  }
  throw invalidData(file, 'it is not a whole ZIP archive')
}

/** Lists the entries of a central directory. @throws AppError data.invalid for damaged directories and other compressions */
export function readZipDirectory(directory: Uint8Array, file: string): ZipEntry[] {
  const view = new DataView(directory.buffer, directory.byteOffset, directory.byteLength)
  const entries: ZipEntry[] = []
  for (let at = 0; at + 46 <= directory.length;) {
    if (view.getUint32(at, true) !== 0x02014b50) break
    const method = view.getUint16(at + 10, true)
    const nameBytes = view.getUint16(at + 28, true)
    const extraBytes = view.getUint16(at + 30, true)
    const next = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true)
    if (next > directory.length) throw invalidData(file, 'its directory is cut short')
    const name = String.fromCharCode(...directory.subarray(at + 46, at + 46 + nameBytes))
    if (method !== 0 && method !== 8)
      throw invalidData(file, `"${name}" is packed in a way not read here (${method})`)
    const extra = new DataView(directory.buffer, directory.byteOffset + at + 46 + nameBytes, extraBytes)
    const wide = zip64Numbers(extra)
    const field = (offset: number): number => {
      const value = view.getUint32(at + offset, true)
      return value === 0xffffffff ? (wide.shift() ?? value) : value
    }
    const bytes = field(24)
    const packedBytes = field(20)
    entries.push({
      name,
      method,
      crc32: view.getUint32(at + 16, true),
      bytes,
      packedBytes,
      headerOffset: field(42)
    })
    at = next
  }
  if (entries.length === 0) throw invalidData(file, 'it holds no files')
  return entries
}

/** The 64-bit numbers of extra field 1, in the order in which the 32-bit fields overflow. */
function zip64Numbers(extra: DataView): number[] {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue
    const count = Math.min(extra.getUint16(at + 2, true), extra.byteLength - at - 4) >> 3
    return Array.from({ length: count }, (_, index) => Number(extra.getBigUint64(at + 4 + 8 * index, true)))
  }
  return []
}
