import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { z } from 'zod'

/**
 * DuckDB reports only the process id of whoever holds its file. This note beside the data file adds what that process
 * is and where it can be reached, so that a second Bitbench can say more than "locked".
 */
export interface StoreOwner {
  readonly pid: number
  /** e.g. "the web host" */
  readonly what: string
  /** e.g. "http://127.0.0.1:4173", or null when it has no address */
  readonly where: string | null
  /** Token of that address, for this user's own command line; null without an address. Never shown. */
  readonly token: string | null
}

/** Notes of earlier versions have no address and no token; what else a note holds is left out. */
const storeOwnerSchema = z.object({
  pid: z.int().positive(),
  what: z.string(),
  where: z.string().nullable().default(null),
  token: z.string().nullable().default(null)
})

const fileFor = (dataFile: string): string => `${dataFile}.owner.json`

/** Writes beside the data file who holds it (mode 0600); a failure is no error. */
export function writeOwner(dataFile: string, owner: StoreOwner): void {
  try {
    writeFileSync(fileFor(dataFile), JSON.stringify(owner), { mode: 0o600 })
    // The mode above counts for a new file only.
    chmodSync(fileFor(dataFile), 0o600)
  } catch {
    // The lock is DuckDB's; without the note a message only says less.
  }
}

/** Removes the note of who holds the data file. */
export function removeOwner(dataFile: string): void {
  rmSync(fileFor(dataFile), { force: true })
}

/**
 * Returns the note of process `pid`, or of any process when that is null. Returns null for a missing, damaged or
 * differently shaped note and for the stale one of a crashed process: the lock's own message says the rest.
 */
export function readOwner(dataFile: string, pid: number | null): StoreOwner | null {
  try {
    const owner = storeOwnerSchema.parse(JSON.parse(readFileSync(fileFor(dataFile), 'utf8')))
    return pid === null || owner.pid === pid ? owner : null
  } catch {
    return null
  }
}
