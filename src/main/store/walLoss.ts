import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, rm, truncate } from 'node:fs/promises'
import type { StoreLoss } from '../../shared/contract/store'
import { AppError } from '../../shared/errors'
import { readWal } from './walExtent'
import { checkpointOf, readWalJournal, walOf, type AcknowledgedChange } from './walJournal'

/** Acknowledged changes that stand behind the readable part of a write-ahead log, in their order. */
export interface FoundLoss {
  /** Changes of the log that can be replayed. */
  readonly readable: number
  /** Null where there is no journal of what was acknowledged. */
  readonly lost: readonly AcknowledgedChange[] | null
}

/**
 * Compares the write-ahead log with the journal of what was acknowledged.
 *
 * @param damagedAt where DuckDB found the log damaged, bytes; absent: only its frames are followed
 * @returns null when every acknowledged change is there
 */
export function findLoss(dataFile: string, damagedAt?: number): FoundLoss | null {
  // The journal first: another process that is writing meanwhile appends to the log before it appends to the journal.
  const journal = readWalJournal(dataFile)
  const wal = readWal(walOf(dataFile), undefined, damagedAt)
  if (journal === null) return wal.isWhole ? null : { readable: wal.changes, lost: null }
  if (journal.checkpoint !== checkpointOf(dataFile)) {
    // After another checkpoint the listed changes are in the data file itself, and a log that only ends early lacks
    // what was never acknowledged.
    return damagedAt === undefined ? null : { readable: wal.changes, lost: null }
  }
  const lost = journal.changes.filter(({ bytes }) => bytes > wal.bytes)
  return lost.length > 0 ? { readable: wal.changes, lost } : null
}

/** Where DuckDB found its write-ahead log damaged, bytes: 0 when no part of it can be used, null for other errors. */
export function damageIn(cause: unknown): number | null {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (!/\bWAL\b/.test(text)) return null
  const position = /byte position (\d+)/.exec(text)?.[1]
  return position === undefined ? 0 : Number(position)
}

/**
 * Copies the data file and its log to `<data file>.damaged-<time>` and `….wal`, a pair that DuckDB can open.
 *
 * @returns the copies
 * @throws store.failed when there is no room: then nothing may be opened, as opening changes both
 */
export async function keepDamaged(dataFile: string, atMs: number): Promise<string[]> {
  const copy = `${dataFile}.damaged-${new Date(atMs).toISOString().replaceAll(/[:.]/g, '-')}`
  const kept: string[] = []
  for (const [from, to] of [
    [dataFile, copy],
    [walOf(dataFile), walOf(copy)]
  ] as const) {
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE)
      kept.push(to)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') continue
      await removeCopies([...kept, to])
      throw new AppError(
        'store.failed',
        `The write-ahead log ${walOf(dataFile)} is damaged, and no copy of it could be made: ${(cause as Error).message}`,
        'Free space in the data folder, or copy both files away by hand; nothing was changed.',
        { cause }
      )
    }
  }
  return kept
}

/** Removes copies that are not needed after all. */
export async function removeCopies(kept: readonly string[]): Promise<void> {
  for (const file of kept) await rm(file, { force: true })
}

/** Cuts the log behind its last whole change before `damagedAt`, so that DuckDB replays what is before. */
export async function cutWal(dataFile: string, damagedAt: number): Promise<void> {
  const { bytes } = readWal(walOf(dataFile), undefined, damagedAt)
  if (bytes === 0) await rm(walOf(dataFile), { force: true })
  else await truncate(walOf(dataFile), bytes)
}

/** A loss as it is stored and shown. */
export function describeLoss({ lost, readable }: FoundLoss, keptFiles: string[], atMs: number): StoreLoss {
  const perTable = new Map<string, number>()
  for (const { tables } of lost ?? []) {
    for (const table of tables) perTable.set(table, (perTable.get(table) ?? 0) + 1)
  }
  return {
    id: randomUUID(),
    foundAtMs: atMs,
    // A change of a second connection may be acknowledged together with another one.
    changes: lost === null ? null : Math.max(lost.length, lost.at(-1)!.changes - readable),
    sinceMs: lost?.[0]?.atMs ?? null,
    tables: [...perTable].map(([name, changes]) => ({ name, changes })),
    keptFiles,
    isSeen: false
  }
}
