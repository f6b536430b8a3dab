import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** An empty folder of the system's temporary ones. */
export function temporaryFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'bitbench-gpu-'))
}
