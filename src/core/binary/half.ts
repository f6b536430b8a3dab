/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
export function floatOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const [least, subnormal, infinite] = [2 ** -14, 2 ** -24, 0x7c00]

/** Bits of the nearest half; of two equally near, the even one. Beyond 65,504 infinite from 65,520 on. */
export function halfOfFloat(value: number): number {
  if (Number.isNaN(value)) return infinite | 0x200
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size < least) return sign | nearestEven(size / subnormal)
  if (size >= 2 ** 16) return sign | infinite
  let exponent = Math.floor(Math.log2(size))
  // The logarithm of what lies just below a power of two may be rounded up to it.
  if (2 ** exponent > size) exponent--
  // A fraction that rounds up to 1024 carries into the exponent, as the bits do.
  return sign | (((exponent + 15) << 10) + nearestEven((size / 2 ** exponent - 1) * 1024))
}

function nearestEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  return below + (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0)
}
