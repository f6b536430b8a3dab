/** What a person may type for an address: hex with 0x, or decimal. Null: nothing typed; undefined: no address. */
export function parseAddress(text: string): number | null | undefined {
  const typed = text.trim().replaceAll('_', '')
  if (typed === '') return null
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(typed)) return undefined
  const value = Number(typed)
  return value <= 0xffff_ffff ? value : undefined
}
