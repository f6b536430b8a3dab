import { AppError } from '@shared/errors'

/**
 * A small assembler for RV32IMA, Zicsr, Zifencei and Zbb: enough for programs that must run where no toolchain is
 * installed (benchmarks, micro-benchmarks of the cycle model). 32-bit encodings only; compressed instructions can be
 * given as `.half 0x...`.
 *
 * One statement a line, `label:` before it, `#` comments; GNU operand order; `.+8` is relative to the instruction. Pseudo-instructions: nop, li, la, mv, not,
 * neg, j, jr, call, ret, beqz, bnez, bgt, ble, csrr, csrw. Data: .word, .half, .byte, .space N, .align BYTES.
 */
export interface Assembly {
  bytes: Uint8Array
  labels: Map<string, number>
}

type Encoder = (operands: string[], context: Context) => number[]

interface Context {
  address: number
  line: number
  labels: Map<string, number>
  /** In the first pass labels are unknown and read as the current address. */
  final: boolean
}

const registerNames =
  'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(
    ' '
  )

const csrNumbers: Record<string, number> = {
  mstatus: 0x300,
  misa: 0x301,
  mie: 0x304,
  mtvec: 0x305,
  mcountinhibit: 0x320,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  mcycle: 0xb00,
  minstret: 0xb02,
  mcycleh: 0xb80,
  minstreth: 0xb82,
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
  mvendorid: 0xf11,
  marchid: 0xf12,
  mimpid: 0xf13,
  mhartid: 0xf14
}

/** Assembles source text to be loaded at `base`. Throws AppError input.invalid naming the line. */
export function assemble(source: string, base: number): Assembly {
  const labels = new Map<string, number>()
  const lines = source.split('\n')
  assemblePass(lines, base, labels, false)
  return { bytes: Uint8Array.from(assemblePass(lines, base, labels, true)), labels }
}

function assemblePass(lines: string[], base: number, labels: Map<string, number>, final: boolean): number[] {
  const bytes: number[] = []
  lines.forEach((text, index) => {
    let statement = text.replace(/#.*/, '').trim()
    for (let label = /^(\w+):\s*/.exec(statement); label; label = /^(\w+):\s*/.exec(statement)) {
      labels.set(label[1], base + bytes.length)
      statement = statement.slice(label[0].length)
    }
    if (statement === '') return
    const [mnemonic, rest = ''] = statement.split(/\s+(.*)/s)
    const operands = rest === '' ? [] : rest.split(',').map((operand) => operand.trim())
    const context = { address: base + bytes.length, line: index + 1, labels, final }
    if (mnemonic.startsWith('.')) return emitData(mnemonic, operands, bytes, context)
    const encoder = encoders.get(mnemonic)
    if (encoder === undefined) throw fail(context, `unknown instruction "${mnemonic}"`)
    for (const word of encoder(operands, context)) pushBytes(bytes, word, 4)
  })
  return bytes
}

function emitData(directive: string, operands: string[], bytes: number[], context: Context): void {
  const first = (): number => number(operands[0], context)
  const sizes: Record<string, number> = { '.word': 4, '.half': 2, '.byte': 1 }
  if (directive in sizes)
    for (const operand of operands) pushBytes(bytes, number(operand, context), sizes[directive])
  else if (directive === '.space') for (let count = first(); count > 0; count--) bytes.push(0)
  else if (directive === '.align') while (bytes.length % first() !== 0) bytes.push(0)
  else throw fail(context, `unknown directive "${directive}"`)
}

function pushBytes(bytes: number[], value: number, count: number): void {
  for (let byte = 0; byte < count; byte++) bytes.push((value >>> (8 * byte)) & 255)
}

function fail(context: Context, message: string): AppError {
  return new AppError('input.invalid', `Line ${context.line}: ${message}.`, 'Correct the assembly source.')
}

function register(name: string | undefined, context: Context): number {
  const index = name === 'fp' ? 8 : registerNames.indexOf(name ?? '')
  if (index >= 0) return index
  const numbered = /^x(\d+)$/.exec(name ?? '')
  if (numbered && Number(numbered[1]) < 32) return Number(numbered[1])
  throw fail(context, `"${name}" is not a register`)
}

function number(text: string | undefined, context: Context): number {
  const value = Number(text)
  if (text !== undefined && text !== '' && !Number.isNaN(value)) return value
  const relative = /^\.([+-]\d+)$/.exec(text ?? '')
  if (relative) return context.address + Number(relative[1])
  const label = context.labels.get(text ?? '')
  if (label !== undefined) return label
  if (!context.final && text) return context.address
  throw fail(context, `"${text}" is neither a number nor a label`)
}

function ranged(text: string | undefined, low: number, high: number, context: Context): number {
  const value = number(text, context)
  if (value < low || value > high) throw fail(context, `${value} is outside ${low}..${high}`)
  return value
}

const encodeR = (
  funct7: number,
  rs2: number,
  rs1: number,
  funct3: number,
  rd: number,
  opcode: number
): number => (funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode
const encodeI = (immediate: number, rs1: number, funct3: number, rd: number, opcode: number): number =>
  (immediate << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode

function encodeBranch(funct3: number, rs1: number, rs2: number, target: string, context: Context): number {
  const offset = number(target, context) - context.address
  if (offset < -4096 || offset > 4094) throw fail(context, `branch to "${target}" is out of reach`)
  const high = (((offset >> 12) & 1) << 6) | ((offset >> 5) & 63)
  return encodeR(high, rs2, rs1, funct3, (offset & 0x1e) | ((offset >> 11) & 1), 0x63)
}

function encodeJal(rd: number, target: string | undefined, context: Context): number {
  const offset = number(target, context) - context.address
  if (offset < -(2 ** 20) || offset >= 2 ** 20) throw fail(context, `jump to "${target}" is out of reach`)
  return (
    (((offset >> 20) & 1) << 31) |
    (((offset >> 1) & 0x3ff) << 21) |
    (((offset >> 11) & 1) << 20) |
    (((offset >> 12) & 0xff) << 12) |
    (rd << 7) |
    0x6f
  )
}

/** lui and addi; always two instructions, so that both passes agree on addresses. */
function loadConstant(rd: number, value: number): number[] {
  const high = (value + 0x800) & 0xfffff000
  return [high | (rd << 7) | 0x37, encodeI((value - high) & 0xfff, rd, 0, rd, 0x13)]
}

/** "8(sp)" to offset and register. */
function memoryOperand(text: string | undefined, context: Context): { offset: number; base: number } {
  const parts = /^(.*)\((\w+)\)$/.exec(text ?? '')
  if (!parts) throw fail(context, `"${text}" is not offset(register)`)
  return { offset: ranged(parts[1] || '0', -2048, 2047, context), base: register(parts[2], context) }
}

const csr = (text: string | undefined, context: Context): number =>
  csrNumbers[text ?? ''] ?? ranged(text, 0, 4095, context)

const encoders = new Map<string, Encoder>()

function define(names: string, make: (index: number) => Encoder): void {
  names.split(' ').forEach((name, index) => name !== '-' && encoders.set(name, make(index)))
}

const registerForm =
  (funct7: number, funct3: number): Encoder =>
  (o, c) => [encodeR(funct7, register(o[2], c), register(o[1], c), funct3, register(o[0], c), 0x33)]
define('add sll slt sltu xor srl or and', (funct3) => registerForm(0, funct3))
define('mul mulh mulhsu mulhu div divu rem remu', (funct3) => registerForm(1, funct3))
define('sub - - - - sra', (funct3) => registerForm(0x20, funct3))
define('- - - - xnor - orn andn', (funct3) => registerForm(0x20, funct3))
define('- - - - min minu max maxu', (funct3) => registerForm(5, funct3))
define('- rol - - - ror', (funct3) => registerForm(0x30, funct3))
define('addi - slti sltiu xori - ori andi', (funct3) => (o, c) => [
  encodeI(ranged(o[2], -2048, 2047, c), register(o[1], c), funct3, register(o[0], c), 0x13)
])
const shiftForm =
  (funct7: number, funct3: number): Encoder =>
  (o, c) => [encodeR(funct7, ranged(o[2], 0, 31, c), register(o[1], c), funct3, register(o[0], c), 0x13)]
define('- slli - - - srli', (funct3) => shiftForm(0, funct3))
encoders.set('srai', shiftForm(0x20, 5))
encoders.set('rori', shiftForm(0x30, 5))
const unaryForm =
  (immediate: number, funct3: number): Encoder =>
  (o, c) => [encodeI(immediate, register(o[1], c), funct3, register(o[0], c), 0x13)]
define('clz ctz cpop - sext.b sext.h', (index) => unaryForm(0x600 + index, 1))
encoders.set('rev8', unaryForm(0x698, 5))
encoders.set('orc.b', unaryForm(0x287, 5))
encoders.set('zext.h', (o, c) => [encodeR(4, 0, register(o[1], c), 4, register(o[0], c), 0x33)])
define('lb lh lw - lbu lhu', (funct3) => (o, c) => {
  const { offset, base } = memoryOperand(o[1], c)
  return [encodeI(offset, base, funct3, register(o[0], c), 0x03)]
})
define('sb sh sw', (funct3) => (o, c) => {
  const { offset, base } = memoryOperand(o[1], c)
  return [encodeR((offset >> 5) & 127, register(o[0], c), base, funct3, offset & 31, 0x23)]
})
define('beq bne - - blt bge bltu bgeu', (funct3) => (o, c) => [
  encodeBranch(funct3, register(o[0], c), register(o[1], c), o[2], c)
])
define('beqz bnez', (funct3) => (o, c) => [encodeBranch(funct3, register(o[0], c), 0, o[1], c)])
encoders.set('bgt', (o, c) => [encodeBranch(4, register(o[1], c), register(o[0], c), o[2], c)])
encoders.set('ble', (o, c) => [encodeBranch(5, register(o[1], c), register(o[0], c), o[2], c)])
const upperForm =
  (opcode: number): Encoder =>
  (o, c) => [(ranged(o[1], 0, 0xfffff, c) << 12) | (register(o[0], c) << 7) | opcode]
encoders.set('lui', upperForm(0x37))
encoders.set('auipc', upperForm(0x17))
encoders.set('jal', (o, c) => [
  o.length === 1 ? encodeJal(1, o[0], c) : encodeJal(register(o[0], c), o[1], c)
])
encoders.set('call', (o, c) => [encodeJal(1, o[0], c)])
encoders.set('j', (o, c) => [encodeJal(0, o[0], c)])
encoders.set('jalr', (o, c) => {
  const { offset, base } = memoryOperand(o[1], c)
  return [encodeI(offset, base, 0, register(o[0], c), 0x67)]
})
encoders.set('jr', (o, c) => [encodeI(0, register(o[0], c), 0, 0, 0x67)])
define('- csrrw csrrs csrrc', (funct3) => (o, c) => [
  encodeI(csr(o[1], c), register(o[2], c), funct3, register(o[0], c), 0x73)
])
define('- - - - - csrrwi csrrsi csrrci', (funct3) => (o, c) => [
  encodeI(csr(o[1], c), ranged(o[2], 0, 31, c), funct3, register(o[0], c), 0x73)
])
encoders.set('csrr', (o, c) => [encodeI(csr(o[1], c), 0, 2, register(o[0], c), 0x73)])
encoders.set('csrw', (o, c) => [encodeI(csr(o[0], c), register(o[1], c), 1, 0, 0x73)])
const atomics: Record<string, number> = {
  'lr.w': 0x02,
  'sc.w': 0x03,
  'amoswap.w': 0x01,
  'amoadd.w': 0x00,
  'amoxor.w': 0x04,
  'amoand.w': 0x0c,
  'amoor.w': 0x08,
  'amomin.w': 0x10,
  'amomax.w': 0x14,
  'amominu.w': 0x18,
  'amomaxu.w': 0x1c
}
for (const [name, funct5] of Object.entries(atomics)) {
  encoders.set(name, (o, c) => {
    const { base } = memoryOperand(o[o.length - 1], c)
    const operand = o.length === 3 ? register(o[1], c) : 0
    return [encodeR(funct5 << 2, operand, base, 2, register(o[0], c), 0x2f)]
  })
}
const fixed: Record<string, number> = {
  nop: 0x13,
  ecall: 0x73,
  ebreak: 0x00100073,
  mret: 0x30200073,
  wfi: 0x10500073,
  fence: 0x0ff0000f,
  'fence.i': 0x0000100f,
  ret: 0x00008067
}
for (const [name, word] of Object.entries(fixed)) encoders.set(name, () => [word])
encoders.set('li', (o, c) => loadConstant(register(o[0], c), number(o[1], c)))
encoders.set('la', (o, c) => loadConstant(register(o[0], c), number(o[1], c)))
encoders.set('mv', (o, c) => [encodeI(0, register(o[1], c), 0, register(o[0], c), 0x13)])
encoders.set('not', (o, c) => [encodeI(-1, register(o[1], c), 4, register(o[0], c), 0x13)])
encoders.set('neg', (o, c) => [encodeR(0x20, register(o[1], c), 0, 0, register(o[0], c), 0x33)])
