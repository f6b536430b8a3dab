/**
 * Shortens a layer's name to at most `letters` characters; there is no default, each caller knows its room. Names that exporters
 * write ("/1/body/body.0/Conv") have the same beginning and differ in their ends: the operator behind the last "/" (it begins with
 * a capital) is left out first; if that is not enough, the middle becomes "…".
 */
export function shortLayerName(name: string, letters: number): string {
  if (name.length <= letters) return name
  const own = name.replace(/(?<=.)\/[A-Z][A-Za-z]*$/, '')
  if (own.length <= letters) return own
  const first = own.indexOf('/', 1) + 1
  const head = first > 0 && first <= letters / 2 ? first : Math.floor(letters / 3)
  return `${own.slice(0, head)}…${own.slice(own.length - (letters - 1 - head))}`
}
