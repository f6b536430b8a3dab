import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/**
 * Lends content to an external program under a name of our own in a folder of its own: the user's file name never
 * reaches a command language (OpenOCD's Tcl, GDB's), and content from a browser has no path at all.
 */
export async function withToolFile<T>(
  name: string,
  bytes: Uint8Array,
  work: (file: string) => Promise<T>
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bitbench-tool-'))
  try {
    const file = path.join(folder, name)
    await writeFile(file, bytes)
    return await work(file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
