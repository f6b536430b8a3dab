/** The greater of two signed bytes, for each of the four bytes of two words (docs/isa.md "max"). */
export function greaterBytes(a: number, b: number): number {
  let word = 0
  for (let at = 0; at < 32; at += 8) {
    const [first, second] = [(a << (24 - at)) >> 24, (b << (24 - at)) >> 24]
    word |= ((first > second ? first : second) & 255) << at
  }
  return word
}
