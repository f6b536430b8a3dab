/**
 * Four bytes become four codes of 1, 2 or 4 bits on top of a word that moves down to make room, so that eight packs or
 * fewer fill a word from its lowest code on. At one bit a code above zero is 1 and any other is 0.
 * `functionBits` as in format.ts; `bytes` is rs1, `before` is rs2.
 */
export function packCodes(functionBits: number, bytes: number, before: number): number {
  const width = 1 << ((functionBits >> 3) & 3)
  let codes = 0
  for (let index = 0; index < 4; index++) {
    const code = (bytes << (24 - 8 * index)) >> 24
    const field = width === 1 ? (code > 0 ? 1 : 0) : code & ((1 << width) - 1)
    codes |= field << (index * width)
  }
  return (before >>> (4 * width)) | (codes << (32 - 4 * width))
}
