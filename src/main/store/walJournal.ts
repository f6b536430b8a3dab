import { closeSync, ftruncateSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs'
import { noWal, readWal, type WalExtent } from './walExtent'

/** One change that was acknowledged: what of the write-ahead log must be whole for it to be there. */
export interface AcknowledgedChange extends WalExtent {
  readonly atMs: number
  /** Tables that the change was made to, as far as they are known. */
  readonly tables: readonly string[]
}

/** What was acknowledged since a checkpoint of the data file. */
export interface WalJournal {
  /** Number of the checkpoint that the data file had then. */
  readonly checkpoint: bigint
  /** In their order. */
  readonly changes: readonly AcknowledgedChange[]
}

/** Adds to the journal. */
export interface WalJournalWriter {
  /** Call when a statement or transaction returned: notes what the log has grown by. Never throws. */
  acknowledge(tables: Iterable<string>): void
  close(): void
}

/** Path of DuckDB's write-ahead log beside a data file. */
export const walOf = (dataFile: string): string => `${dataFile}.wal`
/** Path of the journal beside a data file. */
export const journalOf = (dataFile: string): string => `${dataFile}.acknowledged`

/**
 * A journal beside the data file of the changes that were acknowledged and lie in the write-ahead log alone. DuckDB takes a
 * log that ends early for an unfinished write and drops the rest silently; the journal says which of the two it was.
 * It is not synced: after a loss of power it may list fewer changes than the log, never more.
 *
 * Close it after DuckDB: closing any descriptor of the data file gives up the lock that this process holds on it.
 */
export function keepWalJournal(dataFile: string, nowMs: () => number): WalJournalWriter {
  const data = openSync(dataFile, 'r')
  let handle: number | null = null
  let checkpoint = -1n
  let known: WalExtent = noWal
  const begin = (now: bigint): void => {
    handle ??= openSync(journalOf(dataFile), 'a', 0o600)
    ftruncateSync(handle, 0)
    checkpoint = now
    known = noWal
    writeSync(handle, `${checkpoint}\n`)
  }
  const note = (tables: Iterable<string>): void => {
    const size = fileSize(walOf(dataFile))
    if (handle !== null && size === known.bytes) return
    const now = checkpointAt(data)
    if (handle === null || now !== checkpoint || size < known.bytes) begin(now)
    const { bytes, changes } = readWal(walOf(dataFile), known)
    if (changes === known.changes) return
    known = { bytes, changes }
    writeSync(handle!, `${bytes} ${changes} ${nowMs()} ${[...tables].join(',')}\n`)
  }
  return {
    acknowledge(tables) {
      try {
        note(tables)
      } catch {
        // A full disk: the change itself is stored. Only its line in the journal is missing.
      }
    },
    close() {
      if (handle !== null) closeSync(handle)
      closeSync(data)
    }
  }
}

/** The journal of a data file; null where there is none, or none that can be read. */
export function readWalJournal(dataFile: string): WalJournal | null {
  try {
    const [head, ...lines] = readFileSync(journalOf(dataFile), 'utf8').split('\n')
    if (head === undefined || !/^\d+$/.test(head)) return null
    return { checkpoint: BigInt(head), changes: lines.flatMap(readLine) }
  } catch {
    return null
  }
}

function readLine(line: string): AcknowledgedChange[] {
  const found = /^(\d+) (\d+) (\d+) ([\w,]*)$/.exec(line)
  if (found === null) return []
  const [bytes, changes, atMs] = found.slice(1, 4).map(Number) as [number, number, number]
  return [{ bytes, changes, atMs, tables: found[4] === '' ? [] : found[4].split(',') }]
}

const headerBytes = 4096

/** Number of the last checkpoint of an open data file: the greater one of its two headers. */
function checkpointAt(handle: number): bigint {
  const both = Buffer.alloc(16)
  for (const index of [0, 1]) readSync(handle, both, index * 8, 8, headerBytes * (index + 1) + 8)
  const [first, second] = [both.readBigUInt64LE(0), both.readBigUInt64LE(8)]
  return first > second ? first : second
}

/** Number of the last checkpoint of a data file that this process has not opened; 0 where it cannot be read. */
export function checkpointOf(dataFile: string): bigint {
  try {
    const handle = openSync(dataFile, 'r')
    try {
      return checkpointAt(handle)
    } finally {
      closeSync(handle)
    }
  } catch {
    return 0n
  }
}

function fileSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
