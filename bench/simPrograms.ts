import { assemble } from '../test/support/assembler'
import { ramBase } from '@core/sim/machine'

/** A program for the simulator benchmark: bytes for the base of RAM that run until they power the board off. */
export interface BenchProgram {
  name: string
  bytes: Uint8Array
}

const powerOff = `
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
  j .+0
`

/**
 * C[i][j] = sum over k of A[i][k] * B[j][k], int8 times int8 into int32, the inner loop as gcc writes it: two loads,
 * two pointer steps, multiply, add, branch. Matrices of `size` x `size` behind the code; `rounds` times.
 */
export function matmulSource(size: number, rounds: number): string {
  return `
  li s11, ${rounds}
round:
  li s0, 0x80010000           # A
  li s2, 0x80020000           # C
  li s4, ${size}
rows:
  li s1, 0x80018000           # B
  li s5, ${size}
columns:
  mv a0, s0
  mv a1, s1
  addi a2, s0, ${size}
  li a3, 0
products:
  lb a4, 0(a0)
  lb a5, 0(a1)
  addi a0, a0, 1
  addi a1, a1, 1
  mul a4, a4, a5
  add a3, a3, a4
  bne a0, a2, products
  sw a3, 0(s2)
  addi s2, s2, 4
  addi s1, s1, ${size}
  addi s5, s5, -1
  bnez s5, columns
  addi s0, s0, ${size}
  addi s4, s4, -1
  bnez s4, rows
  addi s11, s11, -1
  bnez s11, round
`
}

/** Fills both matrices with bytes of a linear congruential generator. */
const fillSource = `
  li t0, 0x80010000
  li t1, 0x80020000
  li t2, 12345
  li t3, 1103515245
  li t4, 12345
fill:
  mul t2, t2, t3
  add t2, t2, t4
  srli t5, t2, 16
  sb t5, 0(t0)
  addi t0, t0, 1
  bne t0, t1, fill
`

export function matmulProgram(size: number, rounds: number): BenchProgram {
  const { bytes } = assemble(fillSource + matmulSource(size, rounds) + powerOff, ramBase)
  return { name: `matmul ${size}x${size}x${size} int8`, bytes }
}

/**
 * Branchy integer code with calls: a recursive Fibonacci, a bitwise CRC-32 and an insertion sort, `rounds` times. What
 * the compiler gains here is nearer to what it gains on an operating monitor than the matmul loop is.
 */
export function mixedProgram(rounds: number): BenchProgram {
  const source = `
  li sp, 0x80040000
  li s11, ${rounds}
${fillSource}
round:
  li a0, 15
  call fibonacci
  call crc
  call sort
  addi s11, s11, -1
  bnez s11, round
${powerOff}
fibonacci:
  li t0, 2
  blt a0, t0, small
  addi sp, sp, -16
  sw ra, 12(sp)
  sw s0, 8(sp)
  sw s1, 4(sp)
  mv s0, a0
  addi a0, a0, -1
  call fibonacci
  mv s1, a0
  addi a0, s0, -2
  call fibonacci
  add a0, a0, s1
  lw ra, 12(sp)
  lw s0, 8(sp)
  lw s1, 4(sp)
  addi sp, sp, 16
small:
  ret
crc:
  li t0, 0x80010000
  addi t1, t0, 1024
  li a0, -1
  li t2, 0xedb88320
nextByte:
  lbu t3, 0(t0)
  xor a0, a0, t3
  li t4, 8
nextBit:
  andi t5, a0, 1
  srli a0, a0, 1
  beqz t5, noXor
  xor a0, a0, t2
noXor:
  addi t4, t4, -1
  bnez t4, nextBit
  addi t0, t0, 1
  bne t0, t1, nextByte
  ret
sort:                         # insertion sort of 64 fresh words
  li t0, 0x80030000
  li t1, 0x80010000
  addi t2, t0, 256
copy:
  lw t3, 0(t1)
  sw t3, 0(t0)
  addi t0, t0, 4
  addi t1, t1, 4
  bne t0, t2, copy
  li t0, 0x80030004
outer:
  lw t3, 0(t0)
  mv t4, t0
  li t6, 0x80030000
inner:
  beq t4, t6, place
  lw t5, -4(t4)
  ble t5, t3, place
  sw t5, 0(t4)
  addi t4, t4, -4
  j inner
place:
  sw t3, 0(t4)
  addi t0, t0, 4
  bne t0, t2, outer
  ret
`
  return { name: 'mixed (calls, CRC, sort)', bytes: assemble(source, ramBase).bytes }
}
