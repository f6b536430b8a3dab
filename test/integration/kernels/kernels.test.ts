import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildBareProgram } from '../../../scripts/bareProgram.mjs'
import { tableText } from '../../../scripts/genKernelTable.mjs'
import { kernelFolder, kernelSources, pairsOf, variantNames } from '../../../scripts/kernelVariants.mjs'
import { createMachine } from '@core/sim/createMachine'
import { rtlCore } from '@core/sim/boards/rtlCore'
import { kernelVectorBytes } from './kernelVectors'

/** Compiling for a busy machine, not running, takes the time. */
const patience = { timeout: 600_000 }

const root = path.resolve(import.meta.dirname, '../../..')
const warnings = ['-std=c11', '-Wall', '-Wextra', '-Werror']
/** RAM of the machines that the check runs on: its vectors do not fit the 1 MiB of the smallest board. */
const ramBytes = 1 << 23
const includes = ['-Iresources/kernels', '-Ibench/kernels', '-Wa,-Itest/vectors']
const program = ['test/integration/kernels/vectors.S', 'test/integration/kernels/kernelCheck.c']

/** The first of these programs that answers `--version`; null when none does. */
function findTool(...names: string[]): string | null {
  return names.find((name) => spawnSync(name, ['--version']).status === 0) ?? null
}

const hostCompiler = findTool('cc', 'gcc', 'clang')
const riscvCompiler = findTool('riscv64-unknown-elf-gcc')
const qemu32 = findTool('qemu-system-riscv32')
const qemu64 = findTool('qemu-system-riscv64')

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-kernels-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function compile(compiler: string, args: readonly string[], name: string): string {
  const file = path.join(folder, name)
  const { status, stderr } = spawnSync(compiler, [...args, '-o', file], { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return file
}

/**
 * The compiler of the host check and its flags: clang with sanitizers where it is, because gcc's take minutes over the
 * straight-line kernels.
 */
function hostBuild(): { compiler: string; flags: string[] } | null {
  const flags = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']
  const input = 'int main(void) { return 0; }'
  const trial = ['-x', 'c', '-', ...flags, '-o', path.join(folder, 'empty')]
  if (spawnSync('clang', trial, { input }).status === 0) return { compiler: 'clang', flags }
  console.warn('SKIPPED sanitizers of the kernels on the host: no clang that links them')
  return hostCompiler === null ? null : { compiler: hostCompiler, flags: [] }
}

/** Runs the check and expects that it looked at enough cases and found no fault. */
function expectClean(command: string, args: readonly string[], least: number): void {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 })
  expect(stderr).toBe('')
  expectCleanText(stdout, least)
}

function expectCleanText(stdout: string, least: number): void {
  const match = /checked (\d+) failed (\d+)/.exec(stdout)
  expect(match, stdout.slice(-2000)).not.toBeNull()
  expect(stdout.split('\n').filter((line) => line.startsWith('failed'))).toEqual([])
  expect(Number(match![1])).toBeGreaterThan(least)
}

describe('kernel sources', () => {
  it('have the golden cases that TypeScript computes today', () => {
    const committed = readFileSync(path.join(root, 'test/vectors/kernels.bin'))
    // Regenerate with: node scripts/runTs.mjs scripts/genKernelVectors.ts
    expect(Buffer.compare(committed, Buffer.from(kernelVectorBytes()))).toBe(0)
  })

  it.each(variantNames)('have an up-to-date table of %s, complete and consistent', (name: string) => {
    expect(readFileSync(path.join(kernelFolder, 'table', `${name}.c`), 'utf8')).toBe(tableText(name))
    const pairs = pairsOf(name)
    expect(
      new Set(pairs.map(({ activationBits, weightBits }) => `${activationBits} ${weightBits}`)).size
    ).toBe(16)
    for (const { weightBits, layout } of pairs) {
      const fits: Record<string, boolean> = {
        BB_LAYOUT_PACKED: true,
        BB_LAYOUT_PLANES: weightBits < 8,
        BB_LAYOUT_QUADS: weightBits === 8,
        BB_LAYOUT_OCTETS: weightBits === 4
      }
      expect(fits[layout]).toBe(true)
    }
  })
})

describe('kernels compiled for the host', () => {
  it.for(variantNames)('%s: golden cases and fast against reference', patience, (name: string, { skip }) => {
    const host = hostBuild()
    if (host === null) return skip('no C compiler (cc, gcc or clang) here')
    const args = ['-O1', ...warnings, ...host.flags, '-DCHECK_ROUNDS=100', ...includes, ...program]
    const checked = compile(host.compiler, [...args, ...kernelSources(name)], `check-${name}`)
    expectClean(checked, [], 2000)
  })

  it('find the gates of a recurrence in 32 bits as they are defined in 64', patience, ({ skip }) => {
    const host = hostBuild()
    if (host === null) return skip('no C compiler (cc, gcc or clang) here')
    const source = 'test/integration/kernels/recurrentParts.c'
    const args = ['-O1', ...warnings, ...host.flags, '-Iresources/kernels', source]
    expectClean(compile(host.compiler, args, 'recurrentParts'), [], 30_000_000)
  })
})

describe('kernels compiled for RISC-V, on QEMU', () => {
  const machines = [
    { xlen: 32, qemu: qemu32 },
    { xlen: 64, qemu: qemu64 }
  ] as const
  const cases = machines.flatMap((machine) =>
    variantNames.filter((variant) => variant !== 'xbb').map((variant) => ({ ...machine, variant }))
  )

  it.for(cases)(
    'rv$xlen $variant: golden cases and fast against reference',
    patience,
    (machine, { skip }) => {
      const { xlen, qemu, variant } = machine
      if (!riscvCompiler || !qemu)
        return skip('needs riscv64-unknown-elf-gcc, picolibc and qemu-system-riscv')
      const elf = path.join(folder, `${variant}-${xlen}.elf`)
      buildBareProgram({
        compiler: riscvCompiler,
        variant,
        xlen,
        sources: program,
        ramBytes,
        flags: ['-DCHECK_ROUNDS=10'],
        elf
      })
      // Each with the extension it is for, so that vector kernels are shown to run at 128 bits.
      const extension = variant === 'rvv' ? 'v=true,vlen=128,vext_spec=v1.0' : 'zbb=true'
      const cpu = `rv${xlen},${extension}`
      expectClean(qemu, ['-M', 'virt', '-cpu', cpu, '-bios', 'none', '-nographic', '-kernel', elf], 700)
    }
  )
})

describe('kernels for packed dot products, on the virtual core that has them', () => {
  it.for([
    { where: 'in the core', xbb: true, flags: [] },
    { where: 'on a bus that does not carry rd', xbb: 'cfu', flags: ['-DXBB_CFU'] }
  ] as const)('$where: golden cases and fast against reference', patience, ({ xbb, flags }, { skip }) => {
    if (!riscvCompiler) return skip('needs riscv64-unknown-elf-gcc and picolibc')
    const elf = path.join(folder, `xbb-${xbb}.elf`)
    buildBareProgram({
      compiler: riscvCompiler,
      variant: 'xbb',
      xlen: 32,
      sources: program,
      ramBytes,
      flags: ['-DCHECK_ROUNDS=10', ...flags],
      elf
    })
    const machine = createMachine({ board: { ...rtlCore(true), xbb, ramBytes } })
    machine.loadElf(new Uint8Array(readFileSync(elf)))
    let text = ''
    for (let slice = 0; slice < 4000; slice++) {
      const { reason } = machine.run(1_000_000)
      text += new TextDecoder().decode(machine.uartTake())
      if (reason === 'powerOff') break
      expect(reason, `${text.slice(-500)} ${JSON.stringify(machine.lastTrap)}`).toBe('budget')
    }
    expectCleanText(text, 700)
  })
})
