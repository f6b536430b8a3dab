/** Programs of others that reach a board where no serial line does. Nothing needs them; each absence is explained. */
export interface BoardProgram {
  name: 'openFPGALoader' | 'openocd' | 'gdb-multiarch'
  /** Executables that will do, best first. */
  names: string[]
  purpose: string
  versionArguments: string[]
  /** Where to get it. */
  hint: string
}

export const boardPrograms: readonly BoardProgram[] = [
  {
    name: 'openFPGALoader',
    names: ['openFPGALoader'],
    purpose: 'loads bitstreams into FPGAs',
    versionArguments: ['--Version'],
    hint: 'Debian: apt install openfpgaloader'
  },
  {
    name: 'openocd',
    names: ['openocd'],
    purpose: 'loads programs over JTAG adapters',
    versionArguments: ['--version'],
    hint: 'Debian: apt install openocd'
  },
  {
    name: 'gdb-multiarch',
    names: ['gdb-multiarch', 'riscv64-unknown-elf-gdb', 'riscv32-unknown-elf-gdb', 'riscv-none-elf-gdb'],
    purpose: 'loads programs through a GDB server (OpenOCD, QEMU, a probe)',
    versionArguments: ['--version'],
    hint: 'Debian: apt install gdb-multiarch'
  }
]
