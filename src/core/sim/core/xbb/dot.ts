import { readDotFormat, type XbbWidth } from './format'

/**
 * The sum of products that a dot product adds to rd: lanes of the wider code width, 32 bits of it. `functionBits` as in
 * format.ts; `a` and `b` are the words of rs1 and rs2. At most 4 * 255 * 255, so never out of range.
 */
export function dotProduct(functionBits: number, a: number, b: number): number {
  const { width1, width2, signed1, signed2, part } = readDotFormat(functionBits)
  const width = Math.max(width1, width2)
  const lanes = 32 / width
  // The narrower operand's group begins at code `part * lanes`.
  const first1 = width1 < width ? part * lanes : 0
  const first2 = width2 < width ? part * lanes : 0
  let sum = 0
  for (let lane = 0; lane < lanes; lane++) {
    sum += codeAt(a, width1, signed1, first1 + lane) * codeAt(b, width2, signed2, first2 + lane)
  }
  return sum
}

/** Code number `index` of a word, from the lowest bits on. */
function codeAt(word: number, width: XbbWidth, signed: boolean, index: number): number {
  const field = (word >>> (index * width)) & ((1 << width) - 1)
  if (!signed) return field
  if (width === 1) return field === 1 ? 1 : -1
  return (field << (32 - width)) >> (32 - width)
}
