/**
 * What the integer instructions of RV32IM and Zbb give, by the unprivileged manual and independent of the implementation:
 * unbounded integers, truncated at the end.
 */
export const signed = (value: bigint): bigint => BigInt.asIntN(32, value)
export const unsigned = (value: bigint): bigint => BigInt.asUintN(32, value)
const bitsOf = (value: bigint): string => unsigned(value).toString(2).padStart(32, '0')
const fromBits = (bits: string): bigint => BigInt(`0b${bits}`)
const rotateLeft = (value: bigint, by: bigint): bigint => {
  const bits = bitsOf(value)
  const at = Number(by & 31n)
  return fromBits(bits.slice(at) + bits.slice(0, at))
}
const bytesOf = (value: bigint): string[] => bitsOf(value).match(/.{8}/g)!

export type Binary = (a: bigint, b: bigint) => bigint

export const binary: Record<string, Binary> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  sll: (a, b) => a << (b & 31n),
  slt: (a, b) => (signed(a) < signed(b) ? 1n : 0n),
  sltu: (a, b) => (unsigned(a) < unsigned(b) ? 1n : 0n),
  xor: (a, b) => a ^ b,
  srl: (a, b) => unsigned(a) >> (b & 31n),
  sra: (a, b) => signed(a) >> (b & 31n),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  mul: (a, b) => a * b,
  mulh: (a, b) => (signed(a) * signed(b)) >> 32n,
  mulhsu: (a, b) => (signed(a) * unsigned(b)) >> 32n,
  mulhu: (a, b) => (unsigned(a) * unsigned(b)) >> 32n,
  div: (a, b) => (signed(b) === 0n ? -1n : signed(a) / signed(b)),
  divu: (a, b) => (unsigned(b) === 0n ? -1n : unsigned(a) / unsigned(b)),
  rem: (a, b) => (signed(b) === 0n ? a : signed(a) % signed(b)),
  remu: (a, b) => (unsigned(b) === 0n ? a : unsigned(a) % unsigned(b)),
  andn: (a, b) => a & ~b,
  orn: (a, b) => a | ~b,
  xnor: (a, b) => ~(a ^ b),
  min: (a, b) => (signed(a) < signed(b) ? a : b),
  max: (a, b) => (signed(a) > signed(b) ? a : b),
  minu: (a, b) => (unsigned(a) < unsigned(b) ? a : b),
  maxu: (a, b) => (unsigned(a) > unsigned(b) ? a : b),
  rol: rotateLeft,
  ror: (a, b) => rotateLeft(a, 32n - (b & 31n))
}

export const unary: Record<string, (a: bigint) => bigint> = {
  clz: (a) => BigInt(/^0*/.exec(bitsOf(a))![0].length),
  ctz: (a) => BigInt(/0*$/.exec(bitsOf(a))![0].length),
  cpop: (a) => BigInt(bitsOf(a).replace(/0/g, '').length),
  'sext.b': (a) => BigInt.asIntN(8, a),
  'sext.h': (a) => BigInt.asIntN(16, a),
  'zext.h': (a) => BigInt.asUintN(16, a),
  rev8: (a) => fromBits(bytesOf(a).reverse().join('')),
  'orc.b': (a) =>
    fromBits(
      bytesOf(a)
        .map((byte) => (byte === '00000000' ? byte : '11111111'))
        .join('')
    )
}

/** With a constant of 12 bits in place of the second operand. */
export const immediate: Record<string, Binary> = {
  addi: binary['add'],
  slti: binary['slt'],
  sltiu: binary['sltu'],
  xori: binary['xor'],
  ori: binary['or'],
  andi: binary['and']
}

/** With a constant of 5 bits. */
export const shifts: Record<string, Binary> = {
  slli: binary['sll'],
  srli: binary['srl'],
  srai: binary['sra'],
  rori: binary['ror']
}

/** Whether a branch is taken. */
export const branches: Record<string, (a: bigint, b: bigint) => boolean> = {
  beq: (a, b) => a === b,
  bne: (a, b) => a !== b,
  blt: (a, b) => a < b,
  bge: (a, b) => a >= b,
  bltu: (a, b) => unsigned(a) < unsigned(b),
  bgeu: (a, b) => unsigned(a) >= unsigned(b)
}
