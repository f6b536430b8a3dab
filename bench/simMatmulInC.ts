import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const matmulInC = `
static signed char A[64 * 64], B[64 * 64];
static int C[64 * 64];
__asm__(".section .text.start\\n.globl _start\\n_start: li sp, 0x80080000\\n call run\\n");
void run(void) {
  unsigned s = 1;
  for (int i = 0; i < 64 * 64; i++) { s = s * 1103515245u + 12345u; A[i] = s >> 16; B[i] = s >> 24; }
  for (int round = 0; round < 100000; round++)
    for (int i = 0; i < 64; i++)
      for (int j = 0; j < 64; j++) {
        int sum = 0;
        for (int k = 0; k < 64; k++) sum += A[i * 64 + k] * B[j * 64 + k];
        ((volatile int *)C)[i * 64 + j] = sum;
      }
  *(volatile unsigned *)0x100000 = 0x5555;
}
`

/** A 64 x 64 x 64 int8 matmul in C through gcc -O2 as an ELF file; null where no RISC-V gcc is installed. */
export function buildMatmulInC(): Uint8Array | null {
  const gcc = 'riscv64-unknown-elf-gcc'
  if (spawnSync(gcc, ['--version']).status !== 0) {
    console.error(`SKIPPED matmul in C: ${gcc} not installed`)
    return null
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-bench-'))
  try {
    const source = path.join(folder, 'matmul.c')
    writeFileSync(source, matmulInC)
    const elf = path.join(folder, 'matmul.elf')
    const flags = [
      '-O2',
      '-march=rv32imac',
      '-misa-spec=2.2',
      '-mabi=ilp32',
      '-mcmodel=medany',
      '-ffreestanding',
      '-nostdlib'
    ]
    execFileSync(gcc, [
      ...flags,
      '-Wl,-n,--no-relax,--no-warn-rwx-segments,-Ttext=0x80000000,-e,_start',
      source,
      '-o',
      elf
    ])
    return readFileSync(elf)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
