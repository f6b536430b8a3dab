/**
 * A layer's name in at most so many letters. Names that exporters write ("/1/body/body.0/Conv") begin alike and end in what tells them
 * apart: the operator behind the last "/" (it has a capital) is left out first, then the middle.
 */
export function shortLayerName(name: string, letters: number): string {
  if (name.length <= letters) return name
  const own = name.replace(/(?<=.)\/[A-Z][A-Za-z]*$/, '')
  if (own.length <= letters) return own
  const first = own.indexOf('/', 1) + 1
  const head = first > 0 && first <= letters / 2 ? first : Math.floor(letters / 3)
  return `${own.slice(0, head)}…${own.slice(own.length - (letters - 1 - head))}`
}
