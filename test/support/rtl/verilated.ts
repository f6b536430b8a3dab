import { spawn } from 'node:child_process'
import path from 'node:path'
import { createCoreCache, type CoreCache } from '@main/board/rtl/coreCache'
import type { RtlVariant } from '@main/board/rtl/coreSources'
import { createJobService } from '@main/jobs/jobService'
import { resourcePath } from '@main/paths'
import { hasTool } from '../ptyPair'

let jobNumber = 0

/** Verilated cores, kept in build/rtl for all tests. */
export const testCores: CoreCache = createCoreCache({
  sourceFolder: resourcePath('rtl'),
  folder: path.resolve('build', 'rtl'),
  spawn,
  findProgram: async (names) => names.find(hasTool) ?? null,
  jobs: createJobService({ emit: () => undefined, nowMs: () => 0, newId: () => `core${++jobNumber}` }),
  log: () => undefined
})

/** The program of a variant; null, and a line that says so, where the tools are missing. */
export async function verilatedProgram(variant: RtlVariant): Promise<string | null> {
  const obstacle = await testCores.obstacle(variant)
  if (obstacle === null) return await testCores.program(variant)
  process.stderr.write(`SKIPPED the core in Verilog: ${obstacle}\n`)
  return null
}
