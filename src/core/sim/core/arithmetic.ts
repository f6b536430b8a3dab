/** The 32-bit operations that JavaScript has no operator for. All take and return signed words. */

export { greaterBytes } from './xbb/byteMax'
export { dotProduct } from './xbb/dot'
export { packCodes } from './xbb/pack'
export { quantizeOnTop } from './xbb/quant'

/** High word of the unsigned 64-bit product, in 16-bit halves: no partial sum exceeds 2^32 - 1. */
export function multiplyHighUnsigned(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + (Math.imul(aLow, bLow) >>> 16)
  const middle2 = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + (middle >>> 16) + (middle2 >>> 16)) | 0
}

/** High word of the signed product: the unsigned one minus 2^32 times the operand opposite each negative one. */
export function multiplyHigh(a: number, b: number): number {
  return (multiplyHighUnsigned(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0
}

/** High word of signed a times unsigned b. */
export function multiplyHighSignedUnsigned(a: number, b: number): number {
  return (multiplyHighUnsigned(a, b) - (a < 0 ? b : 0)) | 0
}

// Division never traps: x / 0 = -1, x % 0 = x, and the overflow -2^31 / -1 wraps (manual, table 7.1).
/** div. */
export const divide = (a: number, b: number): number => (b === 0 ? -1 : (a / b) | 0)
/** divu; the result as int32. */
export const divideUnsigned = (a: number, b: number): number => (b === 0 ? -1 : ((a >>> 0) / (b >>> 0)) | 0)
/** rem. */
export const remainder = (a: number, b: number): number => (b === 0 ? a : (a % b) | 0)
/** remu; the result as int32. */
export const remainderUnsigned = (a: number, b: number): number => (b === 0 ? a : ((a >>> 0) % (b >>> 0)) | 0)

/** Trailing zeros; 32 for zero. */
export const countTrailingZeros = (a: number): number => (a === 0 ? 32 : 31 - Math.clz32(a & -a))

/** Population count by sums of 2, 4 and 8 bits (Warren, Hacker's Delight, 5-1). */
export function countOnes(a: number): number {
  let sum = a - ((a >>> 1) & 0x55555555)
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333)
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** ror: rotates 32 bits; only the low five bits of `bits` count. */
export const rotateRight = (a: number, bits: number): number => (a >>> (bits & 31)) | (a << (-bits & 31))

/** rev8: the bytes in the opposite order. */
export const reverseBytes = (a: number): number =>
  (a << 24) | ((a & 0xff00) << 8) | ((a >>> 8) & 0xff00) | (a >>> 24)

/** orc.b: each byte becomes 0xff unless it is zero. */
export function orCombineBytes(a: number): number {
  const any = (a | ((a & 0x7f7f7f7f) + 0x7f7f7f7f)) & 0x80808080
  return any | (any - (any >>> 7)) | 0
}
