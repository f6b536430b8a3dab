/**
 * How a pair of bit widths is written: weights first, "w8a4"; kernels without weights have their activation bits alone,
 * "a8". One spelling on every page, in every list and message; the other order ("a4w8") is read too.
 */

/** @param weightBits 0 for kernels without weights */
export function formatBitPair(weightBits: number, activationBits: number): string {
  return weightBits === 0 ? `a${activationBits}` : `w${weightBits}a${activationBits}`
}

/** Reads "w8a4" or "a4w8", in any case; null for any other text. The widths themselves are not judged. */
export function parseBitPair(text: string): { weightBits: number; activationBits: number } | null {
  const found = /^(?:w(\d+)a(\d+)|a(\d+)w(\d+))$/i.exec(text.trim())
  if (found === null) return null
  return { weightBits: Number(found[1] ?? found[4]), activationBits: Number(found[2] ?? found[3]) }
}
