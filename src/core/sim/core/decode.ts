import { expandCompressed } from './compressed'
import { op } from './operations'
import { isXbbInstruction, xbbFunct3, xbbOpcode } from './xbb/format'

/** One decoded instruction. Registers are 0..31; `immediate` is sign-extended, a shift amount or a CSR number. */
export interface Decoded {
  operation: number
  rd: number
  rs1: number
  rs2: number
  immediate: number
  /** 2 or 4. */
  lengthBytes: number
}

const loads = [op.lb, op.lh, op.lw, op.illegal, op.lbu, op.lhu, op.illegal, op.illegal]
const stores = [op.sb, op.sh, op.sw, op.illegal, op.illegal, op.illegal, op.illegal, op.illegal]
const branches = [op.beq, op.bne, op.illegal, op.illegal, op.blt, op.bge, op.bltu, op.bgeu]
const base = [op.add, op.sll, op.slt, op.sltu, op.xor, op.srl, op.or, op.and]
const multiplies = [op.mul, op.mulh, op.mulhsu, op.mulhu, op.div, op.divu, op.rem, op.remu]
const csrs = [op.illegal, op.csrrw, op.csrrs, op.csrrc, op.illegal, op.csrrwi, op.csrrsi, op.csrrci]
/** Operation of an instruction of xbb. */
function xbbOperation(funct3: number, xbb: CoreVariant['xbb']): number {
  if (funct3 === xbbFunct3.pack) return op.pack
  if (funct3 === xbbFunct3.max) return op.byteMax
  if (funct3 === xbbFunct3.quant) return xbb === 'cfu' ? op.quantAlone : op.quant
  return xbb === 'cfu' ? op.dotAlone : op.dot
}

const atomics = new Map<number, number>([
  [0x02, op.lr],
  [0x03, op.sc],
  [0x01, op.amoswap],
  [0x00, op.amoadd],
  [0x04, op.amoxor],
  [0x0c, op.amoand],
  [0x08, op.amoor],
  [0x10, op.amomin],
  [0x14, op.amomax],
  [0x18, op.amominu],
  [0x1c, op.amomaxu]
])

/** Zbb operations in opcode 0x33 by (funct7 << 3 | funct3). */
const bitRegister = new Map<number, number>([
  [(0x20 << 3) | 7, op.andn],
  [(0x20 << 3) | 6, op.orn],
  [(0x20 << 3) | 4, op.xnor],
  [(0x05 << 3) | 4, op.min],
  [(0x05 << 3) | 5, op.minu],
  [(0x05 << 3) | 6, op.max],
  [(0x05 << 3) | 7, op.maxu],
  [(0x30 << 3) | 1, op.rol],
  [(0x30 << 3) | 5, op.ror]
])

/** Zbb operations in opcode 0x13 that differ in the whole immediate, by (immediate12 << 3 | funct3). */
const bitImmediate = new Map<number, number>([
  [(0x600 << 3) | 1, op.clz],
  [(0x601 << 3) | 1, op.ctz],
  [(0x602 << 3) | 1, op.cpop],
  [(0x604 << 3) | 1, op.sextb],
  [(0x605 << 3) | 1, op.sexth],
  [(0x698 << 3) | 5, op.rev8],
  [(0x287 << 3) | 5, op.orcb]
])

/** What sets a core apart from RV32IMAC, beside Zbb. */
export interface CoreVariant {
  /** The extension of packed dot products (docs/isa.md); cfu: on a bus that does not carry rd. */
  xbb: boolean | 'cfu'
  /** Neither compressed nor atomic instructions. */
  plain: boolean
}

const usualCore: CoreVariant = { xbb: false, plain: false }

/**
 * Decodes the instruction that starts in the low half of `word`: RV32IMAC, Zicsr, Zifencei and, when `zbb`, Zbb
 * (The RISC-V Instruction Set Manual, volume I, 20191213, chapters 2, 7, 8, 9, 16, 24; Zbb: version 1.0.0).
 * `pc` is absolute and only goes into auipc. Anything unknown decodes to `illegal`.
 */
export function decode(word: number, pc: number, zbb: boolean, core: CoreVariant = usualCore): Decoded {
  const compressed = (word & 3) !== 3
  if (compressed && core.plain)
    return { operation: op.illegal, rd: 0, rs1: 0, rs2: 0, immediate: word, lengthBytes: 4 }
  const full = compressed ? expandCompressed(word & 0xffff) : word
  const decoded = decodeFull(full, pc, zbb, core)
  decoded.lengthBytes = compressed ? 2 : 4
  if (compressed && decoded.operation === op.illegal) decoded.immediate = word & 0xffff
  return decoded
}

// eslint-disable-next-line max-lines-per-function -- one table of encodings
function decodeFull(word: number, pc: number, zbb: boolean, core: CoreVariant): Decoded {
  const rd = (word >>> 7) & 31
  const rs1 = (word >>> 15) & 31
  const rs2 = (word >>> 20) & 31
  const funct3 = (word >>> 12) & 7
  const funct7 = word >>> 25
  const immediateI = word >> 20
  const make = (operation: number, immediate: number): Decoded =>
    operation === op.illegal
      ? { operation, rd: 0, rs1: 0, rs2: 0, immediate: word, lengthBytes: 4 }
      : { operation, rd, rs1, rs2, immediate, lengthBytes: 4 }
  const illegal = (): Decoded => make(op.illegal, 0)

  switch (word & 0x7f) {
    case 0x37:
      return make(op.constant, word & 0xfffff000)
    case 0x17:
      return make(op.constant, (pc + (word & 0xfffff000)) | 0)
    case 0x6f:
      return make(op.jal, immediateJ(word))
    case 0x67:
      return funct3 === 0 ? make(op.jalr, immediateI) : illegal()
    case 0x63:
      return make(branches[funct3], immediateB(word))
    case 0x03:
      return make(loads[funct3], immediateI)
    case 0x23:
      return make(stores[funct3], ((word >> 25) << 5) | rd)
    case 0x13:
      return immediateOperation()
    case 0x33:
      if (funct7 === 0) return make(base[funct3], 0)
      if (funct7 === 1) return make(multiplies[funct3], 0)
      if (funct7 === 0x20 && funct3 === 0) return make(op.sub, 0)
      if (funct7 === 0x20 && funct3 === 5) return make(op.sra, 0)
      if (zbb && funct7 === 4 && funct3 === 4 && rs2 === 0) return make(op.zexth, 0)
      return make(zbb ? (bitRegister.get((funct7 << 3) | funct3) ?? op.illegal) : op.illegal, 0)
    case 0x0f:
      if (funct3 === 0) return make(op.fence, 0)
      return funct3 === 1 ? make(op.fencei, 0) : illegal()
    case xbbOpcode: {
      const functionBits = (funct7 << 3) | funct3
      if (core.xbb === false || !isXbbInstruction(functionBits)) return illegal()
      return make(xbbOperation(funct3, core.xbb), functionBits)
    }
    case 0x2f: {
      if (core.plain) return illegal()
      const operation = funct3 === 2 ? (atomics.get(word >>> 27) ?? op.illegal) : op.illegal
      return operation === op.lr && rs2 !== 0 ? illegal() : make(operation, 0)
    }
    case 0x73:
      if (funct3 !== 0) return make(csrs[funct3], word >>> 20)
      if (word === 0x00000073) return make(op.ecall, 0)
      if (word === 0x00100073) return make(op.ebreak, 0)
      if (word === 0x30200073) return make(op.mret, 0)
      return word === 0x10500073 ? make(op.wfi, 0) : illegal()
    default:
      return illegal()
  }

  function immediateOperation(): Decoded {
    switch (funct3) {
      case 0:
        return rs1 === 0 ? make(op.constant, immediateI) : make(op.addi, immediateI)
      case 2:
        return make(op.slti, immediateI)
      case 3:
        return make(op.sltiu, immediateI)
      case 4:
        return make(op.xori, immediateI)
      case 6:
        return make(op.ori, immediateI)
      case 7:
        return make(op.andi, immediateI)
    }
    if (funct3 === 1 && funct7 === 0) return make(op.slli, rs2)
    if (funct3 === 5 && funct7 === 0) return make(op.srli, rs2)
    if (funct3 === 5 && funct7 === 0x20) return make(op.srai, rs2)
    if (!zbb) return illegal()
    if (funct3 === 5 && funct7 === 0x30) return make(op.rori, rs2)
    return make(bitImmediate.get(((word >>> 20) << 3) | funct3) ?? op.illegal, 0)
  }
}

/** B-type offset: bits 12, 10:5, 4:1, 11. */
function immediateB(word: number): number {
  return ((word >> 31) << 12) | ((word & 0x80) << 4) | ((word >>> 20) & 0x7e0) | ((word >>> 7) & 0x1e)
}

/** J-type offset: bits 20, 10:1, 11, 19:12. */
function immediateJ(word: number): number {
  return ((word >> 31) << 20) | (word & 0xff000) | ((word >>> 9) & 0x800) | ((word >>> 20) & 0x7fe)
}
