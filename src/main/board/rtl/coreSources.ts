import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { icebreakerRamBytes } from '../../../core/board/description/shippedBoards'

/** The core with or without its unit for packed dot products, as it is compiled; `icebreaker`: the board of resources/rtl/icebreaker. */
export const rtlVariants = ['plain', 'xbb', 'icebreaker'] as const
/** Name of one of these. */
export type RtlVariant = (typeof rtlVariants)[number]

/** As much RAM as the virtual board with the same core has (src/core/sim/boards/rtlCore.ts). */
const virtualRam = 1 << 20
/** Parameters of soc.v. On an iCEBreaker there is no timer, and the boot loader runs first. */
const parameters: Record<RtlVariant, Record<string, number> & { RAM_BYTES: number }> = {
  plain: { XBB: 0, RAM_BYTES: virtualRam },
  xbb: { XBB: 1, RAM_BYTES: virtualRam },
  icebreaker: { XBB: 1, RAM_BYTES: icebreakerRamBytes, TIMER: 0, BOOT: 1 }
}

/** Files and command lines that make a verilated core. */
export interface CoreRecipe {
  /** Name of the program: variant and a hash of everything below. */
  name: string
  /** Absolute paths: the modules and the program around them. */
  files: string[]
  /** Arguments of Verilator, run in a folder that holds copies of `files`. */
  verilatorArguments: string[]
  /** Arguments of make in the same folder, afterwards. */
  makeArguments: string[]
}

/**
 * How the core in `folder` (resources/rtl) is made a program.
 *
 * File names have no folder in the arguments, because make knows no way to write a path with a space.
 */
export async function coreRecipe(folder: string, variant: RtlVariant): Promise<CoreRecipe> {
  const modules = (await readdir(folder)).filter((name) => /\.vh?$/.test(name)).sort()
  const files = [...modules.map((name) => path.join(folder, name)), path.join(folder, 'sim', 'main.cpp')]
  const verilatorArguments = [
    ...['--cc', '--exe', '-O3', '--x-assign', 'fast', '--x-initial', 'fast', '--noassert'],
    ...['-Wno-fatal', '-Wno-WIDTH', '--top-module', 'soc'],
    ...Object.entries(parameters[variant]).map(([name, value]) => `-G${name}=${value}`),
    ...['-CFLAGS', `-std=c++17 -DRAM_BYTES=${parameters[variant].RAM_BYTES}`, '--Mdir', '.', '-o', 'board'],
    ...files.map((file) => path.basename(file)).filter((name) => !name.endsWith('.vh'))
  ]
  const makeArguments = ['-f', 'Vsoc.mk', 'OPT_FAST=-O2', 'OPT_SLOW=-O1', 'OPT_GLOBAL=-O1']
  const hash = createHash('sha256').update(JSON.stringify([verilatorArguments, makeArguments]))
  for (const file of files) hash.update(await readFile(file))
  return {
    name: `${variant}-${hash.digest('hex').slice(0, 16)}`,
    files,
    verilatorArguments,
    makeArguments
  }
}
