import type { InstructionClass } from './timing'

/**
 * The decoded operations. The numbers are the case labels of the interpreter's switch, where they are written as
 * literals with the name beside them, because V8 builds a jump table only from literals.
 */
export const op = {
  undecoded: 0,
  fetchFault: 1,
  illegal: 2,
  /** rd = immediate: lui, auipc (pc already added) and li. */
  constant: 3,
  addi: 4,
  slti: 5,
  sltiu: 6,
  xori: 7,
  ori: 8,
  andi: 9,
  slli: 10,
  srli: 11,
  srai: 12,
  add: 13,
  sub: 14,
  sll: 15,
  slt: 16,
  sltu: 17,
  xor: 18,
  srl: 19,
  sra: 20,
  or: 21,
  and: 22,
  mul: 23,
  mulh: 24,
  mulhsu: 25,
  mulhu: 26,
  div: 27,
  divu: 28,
  rem: 29,
  remu: 30,
  lb: 31,
  lh: 32,
  lw: 33,
  lbu: 34,
  lhu: 35,
  sb: 36,
  sh: 37,
  sw: 38,
  beq: 39,
  bne: 40,
  blt: 41,
  bge: 42,
  bltu: 43,
  bgeu: 44,
  jal: 45,
  jalr: 46,
  fence: 47,
  clz: 48,
  ctz: 49,
  cpop: 50,
  min: 51,
  max: 52,
  minu: 53,
  maxu: 54,
  sextb: 55,
  sexth: 56,
  zexth: 57,
  andn: 58,
  orn: 59,
  xnor: 60,
  rol: 61,
  ror: 62,
  rori: 63,
  rev8: 64,
  orcb: 65,
  /** The extension xbb (xbb/): rd += dot product, packing of codes, codes of sums, the greater of bytes. */
  dot: 66,
  pack: 67,
  quant: 68,
  byteMax: 69,
  /** The same on a bus that does not carry rd (docs/rtl.md): a sum of products alone, a code on top of zeros. */
  dotAlone: 70,
  quantAlone: 71,
  // From here on: nothing the fast loops do; executeSlow.ts has them.
  csrrw: 72,
  csrrs: 73,
  csrrc: 74,
  csrrwi: 75,
  csrrsi: 76,
  csrrci: 77,
  ecall: 78,
  ebreak: 79,
  mret: 80,
  wfi: 81,
  fencei: 82,
  lr: 83,
  sc: 84,
  amoswap: 85,
  amoadd: 86,
  amoxor: 87,
  amoand: 88,
  amoor: 89,
  amomin: 90,
  amomax: 91,
  amominu: 92,
  amomaxu: 93,
  /** A branch or jal whose target is no multiple of four, on a core that has no instructions there. */
  misalignedJump: 94
} as const

/** First operation that the fast loops hand to the slow path. */
export const firstSlowOperation = op.csrrw

/** Whether an operation reads memory. */
export const isLoad = (operation: number): boolean => operation >= op.lb && operation <= op.lhu
/** Whether an operation writes memory. */
export const isStore = (operation: number): boolean => operation >= op.sb && operation <= op.sw
/** Whether an operation is a conditional branch. */
export const isBranch = (operation: number): boolean => operation >= op.beq && operation <= op.bgeu
/** Products, whose results some cores have a cycle late; the unit of the extension xbb is such a multiplier. */
export const isMultiply = (operation: number): boolean =>
  (operation >= op.mul && operation <= op.mulhu) ||
  operation === op.dot ||
  operation === op.quant ||
  operation === op.dotAlone ||
  operation === op.quantAlone

/** Whether what follows in address order may not be what runs next. */
export const endsFlow = (operation: number): boolean =>
  isBranch(operation) || operation === op.jal || operation === op.jalr
const immediateShifts: ReadonlySet<number> = new Set([op.slli, op.srli, op.srai, op.rori])
const registerShifts: ReadonlySet<number> = new Set([op.sll, op.srl, op.sra, op.rol, op.ror])
/** Whether an operation shifts or rotates by a constant. */
export const isImmediateShift = (operation: number): boolean => immediateShifts.has(operation)
/** Whether an operation shifts or rotates by a register. */
export const isRegisterShift = (operation: number): boolean => registerShifts.has(operation)

const shifts: ReadonlySet<number> = new Set([...immediateShifts, ...registerShifts])

/** The cost class of an operation. */
export function classOf(operation: number): InstructionClass {
  if (isLoad(operation)) return 'load'
  if (isStore(operation)) return 'store'
  if (isBranch(operation)) return 'branch'
  if (isMultiply(operation)) return 'multiply'
  if (operation >= op.div && operation <= op.remu) return 'divide'
  if (operation === op.jal) return 'jump'
  if (operation === op.jalr) return 'jumpRegister'
  if (operation >= op.csrrw && operation <= op.csrrci) return 'csr'
  if (operation >= op.lr) return 'atomic'
  if (operation >= op.ecall) return 'system'
  return shifts.has(operation) ? 'shift' : 'alu'
}

/** How many of rs1 and rs2 an operation reads: 0, 1 (rs1) or 2. The rd that dot and quant read does not count: it is needed last. */
export function sourcesOf(operation: number): 0 | 1 | 2 {
  if (operation <= op.constant || operation === op.jal || operation === op.fence) return 0
  if (operation <= op.srai || isLoad(operation) || operation === op.jalr) return 1
  if (operation <= op.bgeu) return 2
  if (operation <= op.cpop || (operation >= op.sextb && operation <= op.zexth)) return 1
  if (operation <= op.ror || (operation >= op.dot && operation <= op.quantAlone)) return 2
  if (operation >= op.rori && operation <= op.csrrc) return 1
  if (operation <= op.fencei) return 0
  return operation === op.lr ? 1 : 2
}
