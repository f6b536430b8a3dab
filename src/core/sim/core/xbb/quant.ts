/**
 * The code of a sum (docs/isa.md "quant"), as the low eight bits of a signed number: `sum` times the multiplier, shifted down with
 * rounding half up, within the codes of the width. `format` is rs2: multiplier, shift, width, and whether codes begin at zero.
 * Products are below 2^52, so doubles hold them.
 */
export function quantizedCode(sum: number, format: number): number {
  const distance = ((format >>> 21) - 1) & 63
  const halves = Math.floor((sum * (format & 0x1fffff)) / 2 ** distance)
  const rounded = Math.floor((halves + 1) / 2)
  const width = 1 << ((format >>> 27) & 3)
  const isUnsigned = (format & (1 << 29)) !== 0
  if (width === 1) return rounded > (isUnsigned ? 256 : 0) ? 1 : -1
  const middle = 1 << (width - 1)
  if (isUnsigned) return Math.min(Math.max(rounded, 0), 2 * middle - 1) - middle
  const low = (format & (1 << 30)) !== 0 ? 0 : -middle
  return Math.min(Math.max(rounded, low), middle - 1)
}

/** A word moved down by a byte with the code of a sum on top. */
export function quantizeOnTop(before: number, sum: number, format: number): number {
  return (before >>> 8) | (quantizedCode(sum, format) << 24)
}
