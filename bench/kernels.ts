/**
 * What a multiply-accumulate costs: `npm run bench:kernels -- [--json] [--variant rv32im] [--reference]`.
 *
 * Builds bench/kernels/bench.c with the kernels of one variant, runs it on QEMU (-icount shift=0: instructions) and on the
 * virtual boards (cycles by their cycle model, which is a model: docs/sim.md), checks every checksum against the
 * TypeScript reference, and sets the result beside the published library's cost (published.ts). Exit 1: a bar is missed or
 * a result is wrong. Without a RISC-V gcc or QEMU it says so and exits 3.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { benchChecksum, type BenchWorkload } from '@core/quant/benchOperands'
import type { Bits } from '@core/quant/scheme'
import { presetNames, type PresetName } from '@core/sim/presets'
import { buildBareProgram } from '../scripts/bareProgram.mjs'
import { runOnPreset } from './kernels/runOnPreset'
import { published, verdicts, type KernelRow } from './kernels/verdicts'

const compiler = process.env['RISCV_CC'] ?? 'riscv64-unknown-elf-gcc'
const qemu = 'qemu-system-riscv32'

/** One line of the bench program's output. */
interface Line {
  kernel: string
  shape: string
  activationBits: Bits
  weightBits: Bits
  macs: number
  instructions: number
  cycles: number
  checksum: number
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}

function parse(text: string): Line[] {
  if (!text.includes('done')) throw new Error(`The bench program did not finish:\n${text.slice(-500)}`)
  return text
    .split('\n')
    .filter((line) => /^(failed|matmul|conv2d|depthwise)/.test(line))
    .map((line) => {
      const [kernel = '', shape = '', ...numbers] = line.trim().split(' ')
      const [activationBits, weightBits, macs, instructions, cycles, checksum] = numbers.map(Number)
      if (kernel === 'failed' || checksum === undefined) throw new Error(`The bench program said: ${line}`)
      return { kernel, shape, activationBits, weightBits, macs, instructions, cycles, checksum } as Line
    })
}

/** The workload of a line in the terms of the reference; convolutions of the bench are 3 x 3, stride 1, padding 1. */
function workloadOf(line: Line): BenchWorkload {
  const sizes = line.shape.split('x').map(Number)
  const bits = { activationBits: line.activationBits, weightBits: line.weightBits, seed: 1 }
  if (line.kernel === 'matmul') return { kernel: 'matmul', dims: sizes, ...bits }
  const [h = 0, w = 0, c = 0, k = 0, size = 0] = sizes
  if (line.kernel === 'conv2d') return { kernel: 'conv2d', dims: [h, w, c, k, size, 1, 1], ...bits }
  return { kernel: 'depthwiseConv2d', dims: [h, w, c, size, 1, 1], ...bits }
}

function measure(variant: string, useReference: boolean): { rows: KernelRow[]; wrong: string[] } {
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-bench-'))
  try {
    const elf = path.join(folder, 'bench.elf')
    const flags = [`-DBENCH_REFERENCE=${Number(useReference)}`]
    buildBareProgram({ compiler, variant, xlen: 32, sources: ['bench/kernels/bench.c'], flags, elf })
    const machine = ['-M', 'virt', '-cpu', 'rv32,zba=true,zbb=true', '-bios', 'none', '-nographic']
    const run = spawnSync(qemu, [...machine, '-icount', 'shift=0', '-kernel', elf], {
      encoding: 'utf8',
      timeout: 300_000
    })
    const lines = parse(run.stdout)
    const bytes = new Uint8Array(readFileSync(elf))
    const onPresets = new Map<PresetName, Line[]>(
      presetNames.map((name) => [name, parse(runOnPreset(name, bytes, variant.endsWith('_zbb')))])
    )
    const wrong: string[] = []
    const rows = lines.map((line, at): KernelRow => {
      const title = `${line.kernel} ${line.shape} a${line.activationBits}w${line.weightBits}`
      if (line.checksum !== benchChecksum(workloadOf(line))) wrong.push(`${title}: wrong result on QEMU`)
      const cyclesPerMac = {} as Record<PresetName, number>
      for (const [name, presetLines] of onPresets) {
        const there = presetLines[at]!
        if (there.checksum !== line.checksum) wrong.push(`${title}: wrong result on ${name}`)
        cyclesPerMac[name] = round(there.cycles / line.macs)
      }
      const { kernel, shape, activationBits, weightBits } = line
      const instructionsPerMac = round(line.instructions / line.macs)
      return { kernel, shape, activationBits, weightBits, instructionsPerMac, cyclesPerMac }
    })
    return { rows, wrong }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000

function print(rows: readonly KernelRow[], judged: ReturnType<typeof verdicts>): void {
  const shapes = [...new Set(rows.map(({ kernel, shape }) => `${kernel} ${shape}`))]
  for (const shape of shapes) {
    console.log(`\n${shape}   pair: instructions per MAC (published at 16x64x256), cycles small mid high`)
    for (const row of rows.filter(({ kernel, shape: own }) => `${kernel} ${own}` === shape)) {
      const { small, mid, high } = row.cyclesPerMac
      const pair = `a${row.activationBits}w${row.weightBits}`
      const theirs = published[row.activationBits][row.weightBits].toFixed(2)
      const cycles = [small, mid, high].map((value) => value.toFixed(2).padStart(7)).join('')
      console.log(
        `  ${pair}  ${row.instructionsPerMac.toFixed(3).padStart(7)}  (${theirs.padStart(5)}) ${cycles}`
      )
    }
  }
  console.log('')
  for (const { name, value, bar, ok } of judged)
    console.log(`${ok ? 'ok  ' : 'MISS'} ${name}: ${value} (bar ${bar})`)
}

const missing = [compiler, qemu].filter((tool) => spawnSync(tool, ['--version']).status !== 0)
if (missing.length > 0) {
  console.error(`Not found: ${missing.join(', ')}. On Debian: apt-get install gcc-riscv64-unknown-elf`)
  console.error(
    'picolibc-riscv64-unknown-elf qemu-system-misc. Without them: npx bitbench bench kernels --board virtual:small'
  )
  process.exit(3)
}
const variant = option('--variant') ?? 'rv32im'
const useReference = process.argv.includes('--reference')
const { rows, wrong } = measure(variant, useReference)
const judged = verdicts(rows)
if (process.argv.includes('--json')) {
  console.log(
    JSON.stringify(
      { variant, useReference, compiler: compilerVersion(), rows, published, verdicts: judged, wrong },
      null,
      1
    )
  )
} else {
  print(rows, judged)
}
for (const fault of wrong) console.error(fault)
if (wrong.length > 0 || (!useReference && judged.some(({ ok }) => !ok))) process.exitCode = 1

function compilerVersion(): string {
  return spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0] ?? ''
}
