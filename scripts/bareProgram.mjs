// Builds a bare RISC-V program (QEMU's virt machine, the virtual boards) from C sources and one variant's kernels.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { kernelFolder, kernelSources } from './kernelVariants.mjs'

const root = path.resolve(kernelFolder, '..', '..')

/** The flags every figure in docs/kernels.md was measured with. */
export const bareFlags = '-misa-spec=2.2 -mcmodel=medany -O2 -std=c11 -Wall -Wextra -Werror'.split(' ')

/** Instruction set of a variant at a register width of 32 or 64 bits. */
export function isaOf(variant, xlen) {
  // The core that has packed dot products has no compressed instructions; `.insn` needs no extension to be named.
  if (variant === 'xbb') return `rv${xlen}im`
  return `rv${xlen}imac${variant.endsWith('_zbb') ? '_zbb' : ''}`
}

/**
 * Compiles and links; throws with the compiler's words. Linked without the extension: Debian's gcc 12 knows no libraries for
 * rv32imac_zbb and would take those of rv64. The stack is at the end of `ramBytes`, by default what every virtual board has.
 */
export function buildBareProgram({ compiler, variant, xlen, sources, flags = [], ramBytes = 1 << 20, elf }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-bare-'))
  const abi = `-mabi=${xlen === 32 ? 'ilp32' : 'lp64'}`
  const call = (args, cwd) => {
    const { status, stderr, error } = spawnSync(compiler, args, { cwd, encoding: 'utf8' })
    if (error) throw error
    if (status !== 0) throw new Error(stderr)
  }
  try {
    const include = ['resources/kernels', 'bench/kernels'].map((name) => `-I${path.join(root, name)}`)
    const assembler = `-Wa,-I${path.join(root, 'test/vectors')}`
    const files = [
      'bench/kernels/bare.S',
      ...sources,
      ...kernelSources(variant).map((file) => path.relative(root, file))
    ]
    const objects = files.map((file) => {
      const object = path.join(folder, `${file.replaceAll(/[/\\.]/g, '_')}.o`)
      const target = ['--specs=picolibc.specs', `-march=${isaOf(variant, xlen)}`, abi, assembler]
      call([...target, ...bareFlags, ...include, ...flags, '-c', file, '-o', object], root)
      return object
    })
    const script = path.join(root, 'bench/kernels/bare.ld')
    const link = [
      '--specs=picolibc.specs',
      `-march=${variant === 'xbb' ? `rv${xlen}im` : `rv${xlen}imac`}`,
      '-misa-spec=2.2',
      abi,
      '-nostartfiles',
      `-Wl,--defsym=RAM_BYTES=${ramBytes}`
    ]
    call(
      [...link, '-mcmodel=medany', '-T', script, '-Wl,--no-warn-rwx-segments', ...objects, '-o', elf],
      root
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
