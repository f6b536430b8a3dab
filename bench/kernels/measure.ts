import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { benchChecksum, type BenchWorkload } from '@core/quant/integer/benchOperands'
import type { KernelBits } from '@core/quant/scheme'
import { corePresetNames, type CorePresetName } from '@core/sim/boards/presets'
import { buildBareProgram } from '../../scripts/bareProgram.mjs'
import type { KernelIsa } from './isas'
import { runOnPreset } from './runOnPreset'
import type { KernelRow } from './verdicts'

/** One line of the bench program's output. */
interface Line {
  kernel: 'matmul' | 'conv2d' | 'depthwise'
  /** n x m x k of a matmul; h x w x inC x outC x window of the others. */
  dims: number[]
  activationBits: KernelBits
  weightBits: KernelBits
  macs: number
  instructions: number
  cycles: number
  checksum: number
}

export interface Measurement {
  /** All 16 pairs of each matmul and conv2d shape. */
  rows: KernelRow[]
  /** The depthwise convolution: one kernel, whatever the pair, because its weights stay one byte each. */
  depthwise: KernelRow[]
  /** Results that differ from the reference. */
  wrong: string[]
}

/** Builds bench.c for one instruction set and runs it on QEMU and, where they can, on the virtual boards. */
export function measureKernels(compiler: string, isa: KernelIsa, useReference: boolean): Measurement {
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-bench-'))
  try {
    const elf = path.join(folder, 'bench.elf')
    const flags = [`-DBENCH_REFERENCE=${Number(useReference)}`]
    const { variant, xlen } = isa
    buildBareProgram({ compiler, variant, xlen, sources: ['bench/kernels/bench.c'], flags, elf })
    const machine = ['-M', 'virt', '-cpu', isa.cpu, '-bios', 'none', '-nographic']
    const run = spawnSync(qemuOf(isa), [...machine, '-icount', 'shift=0', '-kernel', elf], {
      encoding: 'utf8',
      timeout: 300_000
    })
    const bytes = new Uint8Array(readFileSync(elf))
    const presets = isa.onPresets === null ? [] : corePresetNames
    const onPresets = new Map(
      presets.map((name) => [name, parse(runOnPreset(name, bytes, isa.onPresets === 'zbb'))])
    )
    return rowsOf(parse(run.stdout), onPresets)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const qemuOf = ({ xlen }: KernelIsa): string => `qemu-system-riscv${xlen}`

function rowsOf(lines: readonly Line[], onPresets: ReadonlyMap<CorePresetName, Line[]>): Measurement {
  const found: Measurement = { rows: [], depthwise: [], wrong: [] }
  for (const [at, line] of lines.entries()) {
    const { kernel, activationBits, weightBits, macs } = line
    const shape = shapeOf(line)
    const title = `${kernel} ${shape} a${activationBits}w${weightBits}`
    if (line.checksum !== benchChecksum(workloadOf(line))) found.wrong.push(`${title}: wrong result on QEMU`)
    const cyclesPerMac: KernelRow['cyclesPerMac'] = { small: null, mid: null, high: null }
    for (const [name, presetLines] of onPresets) {
      const there = presetLines[at]!
      if (there.checksum !== line.checksum) found.wrong.push(`${title}: wrong result on ${name}`)
      cyclesPerMac[name] = round(there.cycles / macs)
    }
    const instructionsPerMac = round(line.instructions / macs)
    const row = { kernel, shape, activationBits, weightBits, instructionsPerMac, cyclesPerMac }
    if (kernel === 'depthwise') found.depthwise.push(row)
    else found.rows.push(row)
  }
  return found
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
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
      const dims = shape.split('x').map(Number)
      return { kernel, dims, activationBits, weightBits, macs, instructions, cycles, checksum } as Line
    })
}

/** As people write shapes: 16x64x256, or 16x16x16->32 3x3. */
function shapeOf({ kernel, dims }: Line): string {
  if (kernel === 'matmul') return dims.join('x')
  const [h = 0, w = 0, c = 0, k = 0, window = 0] = dims
  return `${h}x${w}x${c}${kernel === 'conv2d' ? `->${k}` : ''} ${window}x${window}`
}

/** The workload of a line in the terms of the reference; windows of the bench have stride 1 and padding 1. */
function workloadOf({ kernel, dims, activationBits, weightBits }: Line): BenchWorkload {
  const bits = { activationBits, weightBits, seed: 1 }
  if (kernel === 'matmul') return { kernel, dims, ...bits }
  const [h = 0, w = 0, c = 0, k = 0, window = 0] = dims
  if (kernel === 'conv2d') return { kernel, dims: [h, w, c, k, window, 1, 1], ...bits }
  return { kernel: 'depthwiseConv2d', dims: [h, w, c, window, 1, 1], ...bits }
}
