import { execFile, spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { bundleTs } from '../../scripts/runTs.mjs'

const run = promisify(execFile)
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
/** The entries of `npm run bench:…` and of the checks beside them, by script name. */
const entries = Object.entries(scripts).flatMap(([name, command]) => {
  const entry = /^node scripts\/runTs\.mjs (\S+\.ts)/.exec(command)?.[1]
  return entry === undefined ? [] : [[name, entry] as const]
})
const tools = ['riscv64-unknown-elf-gcc', 'qemu-system-riscv32']
const hasTools = tools.every((tool) => spawnSync(tool, ['--version']).status === 0)

describe('benches', () => {
  it.each(entries)('%s is complete: every import of %s resolves', async (_, entry) => {
    rmSync(await bundleTs(entry))
  })

  it('bench:import accepts its own defaults', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'no networks '))
    const { stdout } = await run(process.execPath, ['scripts/runTs.mjs', 'bench/import.ts', folder])
    await rm(folder, { recursive: true })
    expect(stdout).toContain('0 networks')
  })

  // Counts of instructions and cycles of a model, which are the same on every machine.
  it.skipIf(!hasTools)('bench:kernels builds, agrees with the reference and keeps its bars', async () => {
    const { stdout } = await run(process.execPath, ['scripts/runTs.mjs', 'bench/kernels.ts', '--json'])
    const { rows, wrong, verdicts } = JSON.parse(stdout) as {
      rows: unknown[]
      wrong: string[]
      verdicts: { ok: boolean }[]
    }
    expect(wrong).toEqual([])
    expect(rows).toHaveLength(3 * 16)
    expect(verdicts.length).toBeGreaterThan(10)
    expect(verdicts.filter(({ ok }) => !ok)).toEqual([])
  })
})
