import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/** As much RAM as the virtual board with the same core has (src/core/sim/boards/rtlCore.ts). */
const ramBytes = 1 << 20

/** The core with or without its unit for packed dot products, as it is compiled. */
export type RtlVariant = 'plain' | 'xbb'

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
  const modules = (await readdir(folder)).filter((name) => name.endsWith('.v')).sort()
  const files = [...modules.map((name) => path.join(folder, name)), path.join(folder, 'sim', 'main.cpp')]
  const verilatorArguments = [
    ...['--cc', '--exe', '-O3', '--x-assign', 'fast', '--x-initial', 'fast', '--noassert'],
    ...['-Wno-fatal', '-Wno-WIDTH', '--top-module', 'soc'],
    ...[`-GXBB=${variant === 'xbb' ? 1 : 0}`, `-GRAM_BYTES=${ramBytes}`],
    ...['-CFLAGS', `-std=c++17 -DRAM_BYTES=${ramBytes}`, '--Mdir', '.', '-o', 'board'],
    ...files.map((file) => path.basename(file))
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
