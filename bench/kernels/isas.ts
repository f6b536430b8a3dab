/**
 * The cores that kernels are measured for: what is built, and the emulated core that has just that instruction set, so that a
 * kernel which needs more would trap.
 */
export interface KernelIsa {
  /** As hello's ISA string names it, without what the kernels do not use. */
  name: string
  /** Build of resources/kernels (variants.json). */
  variant: string
  xlen: 32 | 64
  /** QEMU's -cpu. */
  cpu: string
  /** Whether the virtual boards, which are 32 bits wide and have no V, can run it too; with or without Zbb. */
  onPresets: 'plain' | 'zbb' | null
}

const without = 'zba=false,zbb=false,zbc=false,zbs=false'

export const kernelIsas: readonly KernelIsa[] = [
  { name: 'rv32im', variant: 'rv32im', xlen: 32, cpu: `rv32,${without}`, onPresets: 'plain' },
  {
    name: 'rv32im_zbb',
    variant: 'rv32im_zbb',
    xlen: 32,
    cpu: 'rv32,zba=false,zbb=true,zbc=false,zbs=false',
    onPresets: 'zbb'
  },
  { name: 'rv64imac', variant: 'rv32im', xlen: 64, cpu: `rv64,${without}`, onPresets: null },
  {
    name: 'rv64imac_v',
    variant: 'rvv',
    xlen: 64,
    cpu: `rv64,${without},v=true,vlen=128,vext_spec=v1.0`,
    onPresets: null
  }
]
