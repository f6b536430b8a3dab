import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { StoreLoss } from '../../shared/contract/store'
import { openError } from './storeErrors'
import { walOf } from './walJournal'
import { cutWal, damageIn, describeLoss, findLoss, keepDamaged, removeCopies } from './walLoss'

/** A data file that is open, and what of it was found to be lost. */
export interface OpenedFile {
  readonly instance: DuckDBInstance
  readonly loss: StoreLoss | null
}

/**
 * Opens the data file and replays its write-ahead log. A damaged log is cut behind its last whole change, after both files
 * were copied; what was acknowledged behind that is reported as a loss.
 *
 * @param settings of DuckDB
 * @throws store.locked, store.corrupt, store.failed (no room for the copies: nothing is opened then)
 */
export async function openDataFile(
  file: string,
  settings: Record<string, string>,
  nowMs: () => number
): Promise<OpenedFile> {
  keepPrivate(file)
  const found = findLoss(file)
  const kept = found === null ? [] : await keepDamaged(file, nowMs())
  try {
    const instance = await DuckDBInstance.create(file, settings)
    return { instance, loss: found && describeLoss(found, kept, nowMs()) }
  } catch (cause) {
    const damagedAt = damageIn(cause)
    if (damagedAt === null) {
      await removeCopies(kept)
      throw openError(file, cause)
    }
    return await openBefore(damagedAt)
  } finally {
    keepPrivate(file)
  }

  /** Opens the file with the part of its log that lies before `damagedAt`. */
  async function openBefore(damagedAt: number): Promise<OpenedFile> {
    const behind = findLoss(file, damagedAt)
    const copies = behind === null || kept.length > 0 ? kept : await keepDamaged(file, nowMs())
    await cutWal(file, damagedAt)
    try {
      const instance = await DuckDBInstance.create(file, settings)
      return { instance, loss: behind && describeLoss(behind, copies, nowMs()) }
    } catch (cause) {
      throw openError(file, cause)
    }
  }
}

/** The data folder holds command lines and results of one user: other users must not read them. */
function keepPrivate(file: string): void {
  const folder = path.dirname(file)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (process.platform === 'win32') return
  for (const [target, mode] of [
    [folder, 0o700],
    [file, 0o600],
    [walOf(file), 0o600]
  ] as const) {
    try {
      chmodSync(target, mode)
    } catch {
      // Not there yet, or another user's folder that was chosen on purpose: opening decides.
    }
  }
}
