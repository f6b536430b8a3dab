/** What a cell of an exported table holds; null is an empty cell. */
export type CsvValue = string | number | null

/** Returns rows as CSV (RFC 4180): quoted where a cell needs it, every digit of a number, lines end with CRLF. */
export function toCsv(header: readonly string[], rows: Iterable<readonly CsvValue[]>): string {
  const lines = [header.map(cellText).join(',')]
  for (const row of rows) lines.push(row.map(cellText).join(','))
  return `${lines.join('\r\n')}\r\n`
}

function cellText(cell: CsvValue): string {
  if (cell === null || (typeof cell === 'number' && !Number.isFinite(cell))) return ''
  const text = String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
