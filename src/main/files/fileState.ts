import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'

/** How long a file is looked at, ms: a share that hangs must not hang its caller. */
const limitMs = 10_000

/** What the file system says of a file; null where it cannot be looked at or does not reply within ten seconds. */
export async function lookAtFile(file: string): Promise<BigIntStats | null> {
  const found = stat(file, { bigint: true }).catch(() => null)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), limitMs)
  })
  try {
    return await Promise.race([found, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Which file lies at a path, its size and time of change, as text; null where it cannot be looked at. Taken before a file
 * is read, it differs later when the file was changed while it was read.
 */
export async function fileState(file: string): Promise<string | null> {
  const found = await lookAtFile(file)
  return found === null ? null : `${found.ino}:${found.size}:${found.mtimeNs}`
}

/** A file with its state before it was read. */
export interface SeenFile {
  readonly path: string
  readonly state: string | null
}

/** Whether all files are as they were before they were read. */
export async function areUnchanged(files: readonly SeenFile[]): Promise<boolean> {
  const states = await Promise.all(files.map(({ path: file }) => fileState(file)))
  return files.every(({ state }, at) => state !== null && state === states[at])
}
