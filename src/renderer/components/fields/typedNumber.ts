/** A plain number: sign, digits, point, exponent. */
const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
/** Thousands in groups, with a decimal sign of the other kind: 1,234.5 and 1.234,5; or two groups and more. */
const grouped = /^([+-]?[1-9]\d{0,2}(?:([.,])\d{3})(?:\2\d{3})*)(?:(?!\2)[.,](\d+))?$/

/** Full-width digits, a real minus sign and the spaces and apostrophes between groups become what every keyboard writes. */
function plainText(text: string): string {
  return text
    .normalize('NFKC')
    .trim()
    .replaceAll('−', '-')
    .replaceAll(/(?<=\d)[\s'’](?=\d{3}(?!\d))/gu, '')
}

/**
 * Reads a number as people write it anywhere: the decimal sign is a point or a comma ("2.5", "2,5"), thousands may be grouped
 * where that leaves no doubt ("1,234.5", "1.234,5", "1 234"). A lone point is always the decimal sign. Returns NaN for anything
 * else, and for "1,234", which is 1234 or 1.234: see isAmbiguous.
 */
export function readTypedNumber(text: string): number {
  const written = plainText(text)
  if (plain.test(written)) return Number(written)
  if (isAmbiguous(text)) return NaN
  const [, whole, separator, decimals] = grouped.exec(written) ?? []
  if (whole !== undefined) {
    return Number(whole.replaceAll(separator ?? ',', '') + (decimals === undefined ? '' : `.${decimals}`))
  }
  const withPoint = written.replace(',', '.')
  return plain.test(withPoint) ? Number(withPoint) : NaN
}

/** Whether one comma before three digits stands for thousands or for a decimal sign cannot be known. */
export function isAmbiguous(text: string): boolean {
  return /^[+-]?[1-9]\d{0,2},\d{3}$/.test(plainText(text))
}
