import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** How much of a write-ahead log is whole: up to the end of its last committed change. */
export interface WalExtent {
  readonly bytes: number
  /** Committed changes (transactions) up to there. */
  readonly changes: number
}

/** What stands in a write-ahead log behind `from`. */
export interface WalReading extends WalExtent {
  /** Size of the file, bytes; 0 where there is none. */
  readonly fileBytes: number
  /** Whether the last committed change ends where the file ends. */
  readonly isWhole: boolean
}

/** No log, or an empty one. */
export const noWal: WalExtent = { bytes: 0, changes: 0 }

/** The layout whose frames carry their size and a checksum; the only one that DuckDB 1.x writes without encryption. */
const walVersion = 2
const sizeAndChecksum = 16
/** wal_type = WAL_FLUSH (100): the mark behind every committed transaction. */
const flush = Buffer.from([0x64, 0x00, 0x64, 0xff, 0xff])
/** The longest version entry: type, version, an identifier of 32 bytes, a checkpoint number. */
const maxHead = 128
const windowBytes = 1 << 20

/**
 * Follows the frames of DuckDB's write-ahead log from `from` on. Contents are not checked: DuckDB compares the checksum of
 * every frame when it replays them.
 *
 * @param until where the log is known to be damaged, bytes: nothing from there on is read
 * Source: duckdb/src/storage/{write_ahead_log,wal_replay}.cpp: an unframed version entry, then frames of a 64-bit size, a
 * 64-bit checksum and the entry, all little-endian.
 */
export function readWal(file: string, from: WalExtent = noWal, until = Infinity): WalReading {
  let handle: number
  try {
    handle = openSync(file, 'r')
  } catch {
    return { ...noWal, fileBytes: 0, isWhole: true }
  }
  try {
    const fileBytes = fstatSync(handle).size
    const end = Math.min(fileBytes, until)
    const start = from.bytes <= end ? from : noWal
    const { bytes, changes } = follow(readerOf(handle, end), end, start)
    return { bytes, changes, fileBytes, isWhole: bytes === fileBytes }
  } finally {
    closeSync(handle)
  }
}

/** `length` bytes from `at` on, or null behind the end. */
type ReadAt = (at: number, length: number) => Buffer | null

function follow(read: ReadAt, end: number, from: WalExtent): WalExtent {
  let { bytes, changes } = from
  let at = bytes > 0 ? bytes : headBytes(read(0, Math.min(maxHead, end)))
  while (at !== null && at < end) {
    const size = frameSize(read(at, sizeAndChecksum))
    const content: number = at + sizeAndChecksum
    if (size === null || content + size > end) break
    at = content + size
    if (size !== flush.length || !flush.equals(read(content, size)!)) continue
    changes += 1
    bytes = at
  }
  return { bytes, changes }
}

/** Size of the entry behind a frame's head; null where no entry can have it. */
function frameSize(head: Buffer | null): number | null {
  if (head === null) return null
  const size = head.readBigUInt64LE(0)
  return size === 0n || size > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(size)
}

/** Where the first frame begins; null where the file does not begin with a version entry of the known layout. */
function headBytes(head: Buffer | null): number | null {
  if (head === null) return null
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; at < head.length; shift += 7) {
      const byte = head[at++]
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return Number.NaN
  }
  const field = (): number => {
    if (at + 2 > head.length) return Number.NaN
    at += 2
    return head.readUInt16LE(at - 2)
  }
  if (field() !== 100 || varint() !== 98 || field() !== 101 || varint() !== walVersion) return null
  let next = field()
  if (next === 102) {
    for (let left = varint(); left > 0; left--) varint()
    next = field()
  }
  if (next === 103) {
    varint()
    next = field()
  }
  return next === 0xffff ? at : null
}

function readerOf(handle: number, end: number): ReadAt {
  let start = 0
  let window = Buffer.alloc(0)
  return (at, length) => {
    if (at + length > end) return null
    if (at < start || at + length > start + window.length) {
      const next = Buffer.alloc(Math.max(length, Math.min(windowBytes, end - at)))
      window = next.subarray(0, readSync(handle, next, 0, next.length, at))
      start = at
      if (window.length < length) return null
    }
    return window.subarray(at - start, at - start + length)
  }
}
