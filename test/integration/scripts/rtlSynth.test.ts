import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const placed =
  'while [ $# -gt 0 ]; do [ "$1" = --asc ] && echo routed > "$2"; shift; done; echo "ICESTORM_LC: 10/ 5280" >&2'
/** Stand-ins that end as the tools do; the real ones take minutes. icepack ends with 1 when it prints its usage. */
const tools: Record<string, string> = {
  yosys: 'echo "Number of cells: 0"',
  'nextpnr-ice40': placed,
  icepack: '[ "$1" = -h ] && exit 1; cat "$1" > "$2"'
}
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-tools-'))
  tools['nextpnr-ice40'] = placed
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function run(names: readonly string[], args: readonly string[]) {
  for (const name of names) {
    const file = path.join(folder, name)
    writeFileSync(file, `#!/bin/sh\nPATH=/usr/bin:/bin\n${tools[name]}\n`)
    chmodSync(file, 0o755)
  }
  const env = { ...process.env, PATH: folder }
  return spawnSync(process.execPath, ['scripts/rtlSynth.mjs', ...args], { env, encoding: 'utf8' })
}

describe('npm run rtl:synth', () => {
  it('packs the board that was placed', () => {
    const file = path.join(folder, 'board.bin')
    const { status, stderr, stdout } = run(Object.keys(tools), ['--bitstream', file])
    expect([stderr, status]).toEqual(['', 0])
    expect(stdout).toContain('10 of 5280 logic cells')
    expect(readFileSync(file, 'utf8')).toBe('routed\n')
  })

  it.each([
    ['11.99', 1, 'not safe to use'],
    ['12.00', 0, '']
  ])('says whether the board runs at its clock: %s MHz', (mhz, expected, words) => {
    tools['nextpnr-ice40'] =
      `${placed}; echo "Max frequency for clock 'CLK': ${mhz} MHz (FAIL at 13.00 MHz)" >&2`
    const { status, stderr, stdout } = run(Object.keys(tools), [
      '--bitstream',
      path.join(folder, 'board.bin')
    ])
    expect([status, stdout]).toEqual([expected, expect.stringContaining(`at most ${mhz} MHz`)])
    expect(stderr).toContain(words)
  })

  it('packs nothing where the board does not fit, and says so', () => {
    tools['nextpnr-ice40'] = 'echo "ICESTORM_LC: 5300/ 5280" >&2; exit 1'
    const file = path.join(folder, 'board.bin')
    const { status, stderr, stdout } = run(Object.keys(tools), ['--bitstream', file])
    expect([status, existsSync(file)]).toEqual([1, false])
    expect(stdout).toContain('5300 of 5280 logic cells')
    expect(stderr).toBe(`${file}: not written, the board does not fit.\n`)
  })

  it('names a program that is not there before anything runs', () => {
    const { status, stderr, stdout } = run(
      ['yosys', 'nextpnr-ice40'],
      ['--bitstream', path.join(folder, 'board.bin')]
    )
    expect([status, stdout]).toEqual([3, ''])
    expect(stderr).toContain('Not found: icepack')
  })

  it('refuses to pack what was not placed', () => {
    const file = path.join(folder, 'board.bin')
    const { status, stderr } = run(Object.keys(tools), ['--no-place', '--bitstream', file])
    expect([status, existsSync(file)]).toEqual([2, false])
    expect(stderr).toContain('--no-place')
  })
})
