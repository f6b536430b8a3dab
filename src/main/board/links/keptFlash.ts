import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** What a virtual chip kept of its flash; null where there is no file of that size. */
export function readKeptFlash(file: string, sizeBytes: number): Uint8Array | null {
  try {
    const bytes = readFileSync(file)
    return bytes.length === sizeBytes ? new Uint8Array(bytes) : null
  } catch {
    return null
  }
}

/** Keeps the flash of a virtual chip: the old file or the new one, never half of one. */
export function writeKeptFlash(file: string, flash: Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, flash)
  renameSync(fresh, file)
}
