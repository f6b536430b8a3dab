import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const compiler = 'riscv64-unknown-elf-gcc'
const provenVersion = '12.2.0'
const found = spawnSync(compiler, ['--version'], { encoding: 'utf8' })
const canBuild = found.status === 0 && found.stdout.includes(provenVersion)
if (!canBuild)
  console.warn(`SKIPPED: ${compiler} ${provenVersion} is not here, the committed firmware is not rebuilt`)

describe('committed firmware', { timeout: 600_000 }, () => {
  it.skipIf(!canBuild)('is what the sources build, byte for byte', () => {
    const script = fileURLToPath(new URL('../../scripts/firmware.mjs', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toContain('Equal byte for byte: monitor.elf')
  })
})
