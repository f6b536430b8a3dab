import { spawn } from 'node:child_process'
import path from 'node:path'
import { benchOf, rowMacs, type KernelRow } from '@core/twin/kernelRows'
import { openBoardSession } from '@main/board/boardSession'
import { openRtlLink } from '@main/board/links/rtlLink'
import { buildCore } from '@main/board/rtl/buildCore'
import type { CoreRecipe } from '@main/board/rtl/coreSources'
import { builtFile } from './firmware'
import type { RtlRow, RtlRows } from './rows'

/** Forms of the core that are measured: the file of rows they stand for, parameters of soc.v, the monitor that runs. */
const forms = [
  { name: 'picorv32-fastmul-barrel-0wait', core: 'picorv32', compressed: 0, fast: 1, wait: 0 },
  { name: 'picorv32-fastmul-1wait', core: 'picorv32-1wait', compressed: 0, fast: 1, wait: 1 },
  { name: 'picorv32-fastmul-compressed', core: 'picorv32-compressed', compressed: 1, fast: 1, wait: 0 },
  { name: 'picorv32-slowmul-0wait', core: 'picorv32-slowmul', compressed: 0, fast: 0, wait: 0 }
] as const

const ramBytes = 1 << 20
const widths = [8, 4, 2, 1] as const
const shapes = [
  { kernel: 'matmul', shape: '16x64x256' },
  { kernel: 'matmul', shape: '1x128x512' },
  { kernel: 'conv2d', shape: '16x16x16->32 3x3' }
] as const
const kernels: Omit<KernelRow, 'cyclesPerMac'>[] = shapes.flatMap((shape) =>
  widths.flatMap((activationBits) => widths.map((weightBits) => ({ ...shape, activationBits, weightBits })))
)

/**
 * Verilates `source` (picorv32.v) in each form and measures the kernels of this working tree on it, with the monitor that
 * a board of that kind gets. Programs are made in `folder`.
 */
export async function measurePicorv32(
  source: string,
  folder: string,
  log: (line: string) => void
): Promise<RtlRows[]> {
  const measured: RtlRows[] = []
  for (const form of forms) {
    const program = await buildCore(recipeOf(source, form), {
      cacheFolder: folder,
      tools: { verilator: 'verilator', make: 'make' },
      spawn,
      signal: new AbortController().signal,
      onProgress: (_, note) => log(`${form.name}: ${note}`)
    })
    const image = builtFile(form.compressed === 1 ? 'monitor.bin' : 'monitor-im.bin')
    measured.push({
      name: form.name,
      core: form.core,
      firmwareCommit: null,
      rows: await measureRows(program, image, form.name, log)
    })
  }
  return measured
}

function recipeOf(source: string, form: (typeof forms)[number]): CoreRecipe {
  const rtl = (name: string): string => path.join('resources', 'rtl', name)
  const modules = ['uart.v', 'timer.v', 'memory.v'].map(rtl)
  const files = [...modules, path.join('bench', 'rtl', 'picorv32', 'soc.v'), source, rtl('sim/main.cpp')]
  return {
    name: form.name,
    files,
    verilatorArguments: [
      ...['--cc', '--exe', '-O3', '--x-assign', 'fast', '--x-initial', 'fast', '--noassert'],
      ...['-Wno-fatal', '-Wno-WIDTH', '-Wno-lint', '-Wno-TIMESCALEMOD', '--top-module', 'soc'],
      ...[`-GCOMPRESSED=${form.compressed}`, `-GFAST_MULTIPLIER=${form.fast}`, `-GWAIT=${form.wait}`],
      ...['-CFLAGS', `-std=c++17 -DRAM_BYTES=${ramBytes}`, '--Mdir', '.', '-o', 'board'],
      ...files.map((file) => path.basename(file))
    ],
    makeArguments: ['-f', 'Vsoc.mk', 'OPT_FAST=-O2', 'OPT_SLOW=-O1', 'OPT_GLOBAL=-O1']
  }
}

async function measureRows(
  program: string,
  image: string,
  label: string,
  log: (line: string) => void
): Promise<RtlRow[]> {
  const link = await openRtlLink({ program, image, spawn, label })
  const session = openBoardSession({
    link,
    onText: () => undefined,
    nonce: () => 1,
    timing: { replyMs: 10_000, workingMs: 600_000 }
  })
  try {
    await session.hello()
    const rows: RtlRow[] = []
    for (const kernel of kernels) {
      log(`${label}: ${kernel.kernel} ${kernel.shape} w${kernel.weightBits}a${kernel.activationBits}`)
      const { cycles, instructions } = await session.bench({ ...benchOf(kernel), repetitions: 2 })
      const macs = rowMacs(kernel)
      rows.push({
        ...kernel,
        cyclesPerMac: Math.max(...cycles) / macs,
        instructionsPerMac: Math.max(...instructions) / macs
      })
    }
    return rows
  } finally {
    await link.close()
  }
}
