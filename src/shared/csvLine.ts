/** What a cell of CSV text holds; null, absent and what is no finite number are an empty cell. */
export type CsvValue = string | number | null | undefined

/** Returns one line of CSV (RFC 4180) without its end: quoted where a cell needs it, every digit of a number. */
export function csvLine(cells: readonly CsvValue[]): string {
  return cells.map(cellText).join(',')
}

function cellText(cell: CsvValue): string {
  if (cell === null || cell === undefined || (typeof cell === 'number' && !Number.isFinite(cell))) return ''
  const text = String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
