import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'

const hasVerilator = spawnSync('verilator', ['--version']).status === 0

it.skipIf(!hasVerilator)(
  'the serial line of the iCEBreaker passes bytes on unchanged, without a pause between them',
  { timeout: 600_000 },
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-serial-'))
    try {
      // Verilator's makefiles take no path with a space, and the repository may lie in one.
      const files = ['test/support/rtl/serialLoop.sv', 'in', 'out'].map((name) => {
        const source = name.endsWith('.sv') ? name : `resources/rtl/icebreaker/serial_${name}.v`
        copyFileSync(source, path.join(folder, path.basename(source)))
        return path.basename(source)
      })
      const args = [
        '--binary',
        '-Wno-fatal',
        '--top-module',
        'serial_loop',
        '--Mdir',
        '.',
        '-o',
        'loop',
        ...files
      ]
      const made = spawnSync('verilator', args, { cwd: folder, encoding: 'utf8' })
      expect(made.status, made.stderr).toBe(0)
      const { stdout } = spawnSync(path.join(folder, 'loop'), { encoding: 'utf8' })
      expect(stdout).toContain('seen 300 bad 0')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
)
