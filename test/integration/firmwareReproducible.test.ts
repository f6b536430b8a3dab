import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fillInDescribedMonitor } from '@core/board/describedMonitor'
import { shippedBoards } from '@core/board/description/shippedBoards'
import { readFlashMonitorInfo } from '@core/sim/boards/flashMonitorInfo'

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

  it.skipIf(!canBuild)('is linked with the pairs that are chosen, and lists and runs no others', () => {
    const script = fileURLToPath(new URL('../../scripts/firmware.mjs', import.meta.url))
    const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-pairs-'))
    try {
      const chosen = ['--only', 'monitor-flash', '--pairs', 'a2w2,a8w1', '--without-sequence']
      const built = spawnSync(process.execPath, [script, ...chosen, '--out', folder], { encoding: 'utf8' })
      expect(built.stderr).toBe('')
      const read = (ending: string): Buffer => readFileSync(path.join(folder, `monitor-flash.${ending}`))
      const board = shippedBoards['gd32vf103-all']
      const monitor = fillInDescribedMonitor(read('bin'), { counters: read('counters').toString() }, board)
      const { kernels, flash } = readFlashMonitorInfo(monitor, board)
      const pairs = kernels.filter(({ kernel }) => kernel === 'conv2d')
      expect(pairs.map(({ activationBits, weightBits }) => [activationBits, weightBits])).toEqual([
        [8, 1],
        [2, 2]
      ])
      expect(kernels.some(({ kernel }) => kernel === 'layerNorm')).toBe(false)
      // What is left out is room for a network.
      expect(flash!.low - board.flash!.base).toBeLessThan(48 << 10)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
