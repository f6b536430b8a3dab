/**
 * RV32C: every 16-bit instruction is an abbreviation of one 32-bit instruction, so it is expanded and decoded as
 * that (The RISC-V Instruction Set Manual, volume I, 20191213, chapter 16, tables 16.5 to 16.7).
 * Field names follow the manual: rd' and rs2' are x8..x15.
 */

/** An encoding that decodes to `illegal`: all zeros is defined to be illegal for ever. */
const illegal = 0

const rType = (funct7: number, rs2: number, rs1: number, funct3: number, rd: number): number =>
  (funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | 0x33
const iType = (immediate: number, rs1: number, funct3: number, rd: number, opcode: number): number =>
  (immediate << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode
const storeWord = (offset: number, rs2: number, rs1: number): number =>
  ((offset >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (2 << 12) | ((offset & 31) << 7) | 0x23
const jump = (offset: number, rd: number): number =>
  ((offset >> 20) << 31) |
  ((offset & 0x7fe) << 20) |
  ((offset & 0x800) << 9) |
  (offset & 0xff000) |
  (rd << 7) |
  0x6f
const branchZero = (offset: number, rs1: number, funct3: number): number =>
  ((offset >> 12) << 31) |
  ((offset & 0x7e0) << 20) |
  (rs1 << 15) |
  (funct3 << 12) |
  ((offset & 0x1e) << 7) |
  ((offset & 0x800) >> 4) |
  0x63

/** Expands a 16-bit instruction to its 32-bit equivalent; reserved encodings and those of F and D give 0. */
export function expandCompressed(half: number): number {
  const quadrant = half & 3
  const funct3 = half >> 13
  if (quadrant === 0) return quadrant0(half, funct3)
  return quadrant === 1 ? quadrant1(half, funct3) : quadrant2(half, funct3)
}

function quadrant0(half: number, funct3: number): number {
  const rdShort = ((half >> 2) & 7) + 8
  const rs1Short = ((half >> 7) & 7) + 8
  // uimm[5:3|2|6]
  const wordOffset = ((half >> 7) & 0x38) | ((half >> 4) & 4) | ((half << 1) & 0x40)
  if (funct3 === 0) {
    // c.addi4spn: nzuimm[5:4|9:6|2|3]
    const offset = ((half >> 7) & 0x30) | ((half >> 1) & 0x3c0) | ((half >> 4) & 4) | ((half >> 2) & 8)
    return offset === 0 ? illegal : iType(offset, 2, 0, rdShort, 0x13)
  }
  if (funct3 === 2) return iType(wordOffset, rs1Short, 2, rdShort, 0x03)
  if (funct3 === 6) return storeWord(wordOffset, rdShort, rs1Short)
  return illegal
}

function quadrant1(half: number, funct3: number): number {
  const rd = (half >> 7) & 31
  const rdShort = (rd & 7) + 8
  // Sign-extended imm[5|4:0].
  const immediate = (((half << 19) >> 31) << 5) | ((half >> 2) & 31)
  switch (funct3) {
    case 0: // c.addi, c.nop
      return iType(immediate, rd, 0, rd, 0x13)
    case 1: // c.jal
      return jump(jumpOffset(half), 1)
    case 2: // c.li
      return iType(immediate, 0, 0, rd, 0x13)
    case 3: {
      if (rd === 2) {
        // c.addi16sp: nzimm[9|4|6|8:7|5]
        const step =
          (((half << 19) >> 31) << 9) |
          ((half >> 2) & 0x10) |
          ((half << 1) & 0x40) |
          ((half << 4) & 0x180) |
          ((half << 3) & 0x20)
        return step === 0 ? illegal : iType(step, 2, 0, 2, 0x13)
      }
      return immediate === 0 ? illegal : (immediate << 12) | (rd << 7) | 0x37
    }
    case 4:
      return quadrant1Arithmetic(half, rdShort, immediate)
    case 5: // c.j
      return jump(jumpOffset(half), 0)
    default: {
      // c.beqz, c.bnez: offset[8|4:3|7:6|2:1|5]
      const offset =
        (((half << 19) >> 31) << 8) |
        ((half >> 7) & 0x18) |
        ((half << 1) & 0xc0) |
        ((half >> 2) & 6) |
        ((half << 3) & 0x20)
      return branchZero(offset, rdShort, funct3 === 6 ? 0 : 1)
    }
  }
}

function quadrant1Arithmetic(half: number, rd: number, immediate: number): number {
  const kind = (half >> 10) & 3
  const highBit = (half >> 12) & 1
  if (kind === 2) return iType(immediate, rd, 7, rd, 0x13) // c.andi
  if (highBit === 1) return illegal // shamt[5] and the RV64 word operations
  if (kind === 0) return iType(immediate & 31, rd, 5, rd, 0x13) // c.srli
  if (kind === 1) return iType((immediate & 31) | 0x400, rd, 5, rd, 0x13) // c.srai
  const rs2 = ((half >> 2) & 7) + 8
  switch ((half >> 5) & 3) {
    case 0:
      return rType(0x20, rs2, rd, 0, rd) // c.sub
    case 1:
      return rType(0, rs2, rd, 4, rd) // c.xor
    case 2:
      return rType(0, rs2, rd, 6, rd) // c.or
    default:
      return rType(0, rs2, rd, 7, rd) // c.and
  }
}

function quadrant2(half: number, funct3: number): number {
  const rd = (half >> 7) & 31
  const rs2 = (half >> 2) & 31
  const highBit = (half >> 12) & 1
  if (funct3 === 0) return highBit === 1 ? illegal : iType(rs2, rd, 1, rd, 0x13) // c.slli
  if (funct3 === 2) {
    // c.lwsp: uimm[5|4:2|7:6]
    const offset = (highBit << 5) | ((half >> 2) & 0x1c) | ((half << 4) & 0xc0)
    return rd === 0 ? illegal : iType(offset, 2, 2, rd, 0x03)
  }
  if (funct3 === 6) {
    // c.swsp: uimm[5:2|7:6]
    return storeWord(((half >> 7) & 0x3c) | ((half >> 1) & 0xc0), rs2, 2)
  }
  if (funct3 !== 4) return illegal
  if (rs2 !== 0) return highBit === 1 ? rType(0, rs2, rd, 0, rd) : rType(0, rs2, 0, 0, rd) // c.add, c.mv
  if (rd === 0) return highBit === 1 ? 0x00100073 : illegal // c.ebreak
  return iType(0, rd, 0, highBit, 0x67) // c.jr, c.jalr
}

/** c.j and c.jal: offset[11|4|9:8|10|6|7|3:1|5] */
function jumpOffset(half: number): number {
  return (
    (((half << 19) >> 31) << 11) |
    ((half >> 7) & 0x10) |
    ((half >> 1) & 0x300) |
    ((half << 2) & 0x400) |
    ((half >> 1) & 0x40) |
    ((half << 1) & 0x80) |
    ((half >> 2) & 0xe) |
    ((half << 3) & 0x20)
  )
}
