import { op } from '../core/operations'

/**
 * JavaScript for the operations that only compute: `a` and `b` are the source registers' expressions, `n` the
 * immediate as a literal. Every expression yields a signed 32-bit integer, so that V8 keeps registers untagged.
 */
type Expression = (a: string, b: string, n: string) => string

export const expressions: ReadonlyMap<number, Expression> = new Map<number, Expression>([
  [op.constant, (_a, _b, n) => n],
  [op.addi, (a, _b, n) => `(${a} + ${n}) | 0`],
  [op.slti, (a, _b, n) => `${a} < ${n} ? 1 : 0`],
  [op.sltiu, (a, _b, n) => `${a} >>> 0 < (${n}) >>> 0 ? 1 : 0`],
  [op.xori, (a, _b, n) => `${a} ^ ${n}`],
  [op.ori, (a, _b, n) => `${a} | ${n}`],
  [op.andi, (a, _b, n) => `${a} & ${n}`],
  [op.slli, (a, _b, n) => `${a} << ${n}`],
  [op.srli, (a, _b, n) => `(${a} >>> ${n}) | 0`],
  [op.srai, (a, _b, n) => `${a} >> ${n}`],
  [op.add, (a, b) => `(${a} + ${b}) | 0`],
  [op.sub, (a, b) => `(${a} - ${b}) | 0`],
  [op.sll, (a, b) => `${a} << ${b}`],
  [op.slt, (a, b) => `${a} < ${b} ? 1 : 0`],
  [op.sltu, (a, b) => `${a} >>> 0 < ${b} >>> 0 ? 1 : 0`],
  [op.xor, (a, b) => `${a} ^ ${b}`],
  [op.srl, (a, b) => `(${a} >>> ${b}) | 0`],
  [op.sra, (a, b) => `${a} >> ${b}`],
  [op.or, (a, b) => `${a} | ${b}`],
  [op.and, (a, b) => `${a} & ${b}`],
  [op.mul, (a, b) => `Math.imul(${a}, ${b})`],
  [op.mulh, (a, b) => `multiplyHigh(${a}, ${b})`],
  [op.mulhsu, (a, b) => `multiplyHighSignedUnsigned(${a}, ${b})`],
  [op.mulhu, (a, b) => `multiplyHighUnsigned(${a}, ${b})`],
  [op.div, (a, b) => `divide(${a}, ${b})`],
  [op.divu, (a, b) => `divideUnsigned(${a}, ${b})`],
  [op.rem, (a, b) => `remainder(${a}, ${b})`],
  [op.remu, (a, b) => `remainderUnsigned(${a}, ${b})`],
  [op.clz, (a) => `Math.clz32(${a})`],
  [op.ctz, (a) => `countTrailingZeros(${a})`],
  [op.cpop, (a) => `countOnes(${a})`],
  [op.min, (a, b) => `${a} < ${b} ? ${a} : ${b}`],
  [op.max, (a, b) => `${a} < ${b} ? ${b} : ${a}`],
  [op.minu, (a, b) => `${a} >>> 0 < ${b} >>> 0 ? ${a} : ${b}`],
  [op.maxu, (a, b) => `${a} >>> 0 < ${b} >>> 0 ? ${b} : ${a}`],
  [op.sextb, (a) => `${a} << 24 >> 24`],
  [op.sexth, (a) => `${a} << 16 >> 16`],
  [op.zexth, (a) => `${a} & 65535`],
  [op.andn, (a, b) => `${a} & ~${b}`],
  [op.orn, (a, b) => `${a} | ~${b}`],
  [op.xnor, (a, b) => `~(${a} ^ ${b})`],
  [op.rol, (a, b) => `rotateRight(${a}, -${b})`],
  [op.ror, (a, b) => `rotateRight(${a}, ${b})`],
  [op.rori, (a, _b, n) => `rotateRight(${a}, ${n})`],
  [op.rev8, (a) => `reverseBytes(${a})`],
  [op.orcb, (a) => `orCombineBytes(${a})`],
  [op.pack, (a, b, n) => `packCodes(${n}, ${a}, ${b})`],
  [op.byteMax, (a, b) => `greaterBytes(${a}, ${b})`],
  [op.dotAlone, (a, b, n) => `dotProduct(${n}, ${a}, ${b})`],
  [op.quantAlone, (a, b) => `quantizeOnTop(0, ${a}, ${b})`]
])

/** The condition under which a branch is taken. */
export const conditions: ReadonlyMap<number, (a: string, b: string) => string> = new Map([
  [op.beq, (a: string, b: string) => `${a} === ${b}`],
  [op.bne, (a: string, b: string) => `${a} !== ${b}`],
  [op.blt, (a: string, b: string) => `${a} < ${b}`],
  [op.bge, (a: string, b: string) => `${a} >= ${b}`],
  [op.bltu, (a: string, b: string) => `${a} >>> 0 < ${b} >>> 0`],
  [op.bgeu, (a: string, b: string) => `${a} >>> 0 >= ${b} >>> 0`]
])
