import type { Random } from '@core/math/random'
import { isXbbInstruction, xbbFunct3, xbbOpcode } from '@core/sim/core/xbb/format'
import { ramBase } from '@core/sim/memoryMap'

/** Bytes of a program's piece of RAM: code, then data, then where it leaves its state. */
export const programBytes = 0x4000
const dataOffset = 0x2000
const stateOffset = 0x3000
/** Registers that a body does not write: x30 holds the data's address, x31 the trap handler's own. */
const dataRegister = 30
const handlerRegister = 31

const encodeR = (f7: number, rs2: number, rs1: number, f3: number, rd: number, opcode: number): number =>
  ((f7 << 25) | (rs2 << 20) | (rs1 << 15) | (f3 << 12) | (rd << 7) | opcode) >>> 0
const encodeI = (imm: number, rs1: number, f3: number, rd: number, opcode: number): number =>
  (((imm & 0xfff) << 20) | (rs1 << 15) | (f3 << 12) | (rd << 7) | opcode) >>> 0
const encodeS = (imm: number, rs2: number, rs1: number, f3: number): number =>
  encodeR((imm >> 5) & 0x7f, rs2, rs1, f3, imm & 31, 0x23)
const encodeB = (offset: number, rs2: number, rs1: number, f3: number): number =>
  encodeR(
    (((offset >> 12) & 1) << 6) | ((offset >> 5) & 0x3f),
    rs2,
    rs1,
    f3,
    (offset & 0x1e) | ((offset >> 11) & 1),
    0x63
  )
const encodeJ = (offset: number, rd: number): number =>
  ((((offset >> 20) & 1) << 31) |
    (((offset >> 1) & 0x3ff) << 21) |
    (((offset >> 11) & 1) << 20) |
    (((offset >> 12) & 0xff) << 12) |
    (rd << 7) |
    0x6f) >>>
  0
const lui = (value: number, rd: number): number => ((value & 0xfffff000) | (rd << 7) | 0x37) >>> 0

/** CSRs whose values the two sides must agree on, counters included. */
const csrs = [
  0x300, 0x301, 0x305, 0x340, 0x342, 0x343, 0xb00, 0xb02, 0xb80, 0xc00, 0xc02, 0xf11, 0xf13, 0x7c0
]

/**
 * A program of `count` random instructions that runs a few rounds over them, with traps in between, and ends by storing its
 * registers, mcycle, minstret, mcause, mepc and mtval and powering off. Everything that can differ between two machines is in its
 * `programBytes` of RAM then.
 */
export function randomProgram(random: Random, count: number, xbb: boolean): Uint8Array {
  const words: number[] = []
  const emit = (...more: number[]): void => void words.push(...more)
  const jumpOverHandler = words.length
  emit(0)
  // The handler: continues after the instruction that trapped.
  const handler = words.length * 4
  emit(0x34102ff3, 0x004f8f93, 0x341f9073, 0x30200073)
  words[jumpOverHandler] = encodeJ(words.length * 4, 0)
  const auipcHandler = words.length * 4
  emit(0x17 | (dataRegister << 7), encodeI(handler - auipcHandler, dataRegister, 0, dataRegister, 0x13))
  emit(encodeI(0x305, dataRegister, 1, 0, 0x73))
  emit(lui(ramBase + dataOffset, dataRegister))
  for (let register = 1; register < 29; register++)
    emit(encodeI(4 * register, dataRegister, 2, register, 0x03))
  // x29 counts the rounds.
  emit(encodeI(1 + random.integer(4), 0, 0, 29, 0x13))
  const start = words.length
  for (let index = 0; index < count; index++) emit(randomInstruction(random, index, count, xbb))
  emit(encodeI(-1, 29, 0, 29, 0x13))
  // A branch over the jump back, which may be far.
  emit(encodeB(8, 0, 29, 0), encodeJ((start - words.length - 1) * 4, 0))
  emit(lui(ramBase + stateOffset, handlerRegister))
  for (let register = 1; register < 31; register++) emit(encodeS(4 * register, register, handlerRegister, 2))
  for (const [index, csr] of [0xb00, 0xb02, 0x342, 0x341, 0x343, 0x300].entries())
    emit(encodeI(csr, 0, 2, 1, 0x73), encodeS(128 + 4 * index, 1, handlerRegister, 2))
  emit(lui(0x100000, 1), lui(0x5000, 2), encodeI(0x555, 2, 0, 2, 0x13), encodeS(0, 2, 1, 2), encodeJ(0, 0))
  if (words.length * 4 > dataOffset) throw new Error('the program does not fit')
  const bytes = new Uint8Array(programBytes)
  new Uint32Array(bytes.buffer).set(words)
  for (let at = dataOffset; at < stateOffset; at++) bytes[at] = interestingByte(random, at)
  return bytes
}

/** Data: random bytes, and among them runs of equal ones, so that extremes and equal operands are met. */
function interestingByte(random: Random, at: number): number {
  const choice = (at >> 2) % 5
  return choice === 0 ? 0 : choice === 1 ? 255 : choice === 2 && at % 4 === 3 ? 128 : random.integer(256)
}

function randomInstruction(random: Random, index: number, count: number, xbb: boolean): number {
  const any = (): number => random.integer(31)
  // Few destinations, so that results are read soon; never x0's neighbours that hold the program together.
  const rd = random.integer(3) === 0 ? random.integer(29) : random.integer(8)
  const near = (): number => (random.integer(2) === 0 ? random.integer(8) : any())
  const [rs1, rs2] = [near(), near()]
  /** Now and then the target of a jump lies between two instructions. */
  const between = (): number => (random.integer(12) === 0 ? 2 : 0)
  const kind = random.integer(100)
  if (kind < 20) {
    const f3 = random.integer(8)
    return encodeR((f3 === 0 || f3 === 5) && random.integer(2) === 0 ? 0x20 : 0, rs2, rs1, f3, rd, 0x33)
  }
  if (kind < 34) {
    const f3 = random.integer(8)
    const immediate =
      f3 === 1
        ? random.integer(32)
        : f3 === 5
          ? random.integer(32) | (random.integer(2) << 10)
          : random.integer(4096)
    return encodeI(immediate, rs1, f3, rd, 0x13)
  }
  if (kind < 44) return encodeR(1, rs2, rs1, random.integer(random.integer(3) === 0 ? 8 : 4), rd, 0x33)
  if (kind < 56) return customInstruction(random, rd, rs1, rs2, xbb)
  if (kind < 66) {
    // Loads from the data; now and then from an address that is not a multiple of the size.
    const f3 = [0, 1, 2, 4, 5][random.integer(5)]!
    const size = f3 % 4 === 0 ? 1 : f3 % 4 === 1 ? 2 : 4
    const offset = random.integer(2048) & -size
    return encodeI(random.integer(20) === 0 ? offset + 1 : offset, dataRegister, f3, rd, 0x03)
  }
  if (kind < 74) {
    const f3 = random.integer(3)
    const offset = random.integer(2048) & -(1 << f3)
    return encodeS(random.integer(20) === 0 ? offset + 1 : offset, rs2, dataRegister, f3)
  }
  if (kind < 84) {
    const ahead = 1 + random.integer(Math.min(8, count - index))
    return encodeB(4 * ahead - between(), rs2, rs1, [0, 1, 4, 5, 6, 7][random.integer(6)]!)
  }
  if (kind < 86) return encodeJ(4 * (1 + random.integer(Math.min(6, count - index))) - between(), rd)
  // Into the data, where nothing may be executed: only to where no instruction can be.
  if (kind < 87)
    return encodeI((random.integer(1024) << 2) | 2 | random.integer(2), dataRegister, 0, rd, 0x67)
  if (kind < 89) return lui(random.integer(2 ** 20) << 12, rd)
  if (kind < 91) return ((random.integer(2 ** 20) << 12) | (rd << 7) | 0x17) >>> 0
  if (kind < 96) {
    const csr = csrs[random.integer(csrs.length)]!
    // Counters and the scratch register are written too, the others only read.
    if (csr === 0x340 || csr === 0xb02)
      return encodeI(csr, rs1, 1 + random.integer(3) + 4 * random.integer(2), rd, 0x73)
    return encodeI(csr, 0, 2, rd, 0x73)
  }
  if (kind < 97) return [0x00000073, 0x00100073, 0x0000100f, 0x0000000f][random.integer(4)]!
  // An access to where nothing is, or a word that is no instruction.
  if (kind < 98) return encodeI(random.integer(2048), 0, 2, rd, 0x03)
  return (random.integer(2 ** 25) << 7) >>> 0 || 0
}

function customInstruction(random: Random, rd: number, rs1: number, rs2: number, xbb: boolean): number {
  if (!xbb) return encodeR(1, rs2, rs1, random.integer(4), rd, 0x33)
  // One in six makes a code or takes the greater bytes; of the others nine of ten exist.
  if (random.integer(6) === 0)
    return encodeR(0, rs2, rs1, random.integer(4) === 0 ? xbbFunct3.max : xbbFunct3.quant, rd, xbbOpcode)
  for (;;) {
    const functionBits = random.integer(1024)
    if (!isXbbInstruction(functionBits) && random.integer(10) !== 0) continue
    return encodeR(functionBits >> 3, rs2, rs1, functionBits & 7, rd, xbbOpcode)
  }
}
