import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

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

const fileFor = (dataFile: string): string => `${dataFile}.owner.json`

/** Writes beside the data file who holds it (mode 0600); a failure is no error. */
export function writeOwner(dataFile: string, owner: StoreOwner): void {
  try {
    writeFileSync(fileFor(dataFile), JSON.stringify(owner), { mode: 0o600 })
    // The mode above counts for a new file only.
    chmodSync(fileFor(dataFile), 0o600)
  } catch {
    // The note is a courtesy: the lock itself is DuckDB's.
  }
}

/** Removes the note of who holds the data file. */
export function removeOwner(dataFile: string): void {
  rmSync(fileFor(dataFile), { force: true })
}

/** The note, if there is one and it was written by process `pid`; a stale note of a crashed process is not believed. */
export function readOwner(dataFile: string, pid: number | null): StoreOwner | null {
  try {
    const owner = JSON.parse(readFileSync(fileFor(dataFile), 'utf8')) as Partial<StoreOwner>
    if (typeof owner.what !== 'string' || typeof owner.pid !== 'number') return null
    if (pid !== null && owner.pid !== pid) return null
    return { pid: owner.pid, what: owner.what, where: owner.where ?? null, token: owner.token ?? null }
  } catch {
    return null
  }
}
