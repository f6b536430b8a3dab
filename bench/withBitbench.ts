import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { composeBitbench } from '../src/main/compose'

/** Everything that compose puts together. */
export type Bitbench = Awaited<ReturnType<typeof composeBitbench>>

/** Runs `work` on a Bitbench with a new, empty data folder, and removes both afterwards. */
export async function withBitbench<T>(work: (bitbench: Bitbench) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-bench-'))
  try {
    const bitbench = await composeBitbench({ host: 'cli', dataFolder: folder })
    try {
      return await work(bitbench)
    } finally {
      await bitbench.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
