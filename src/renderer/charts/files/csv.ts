import { csvLine, type CsvValue } from '@shared/csvLine'

/** Returns rows as CSV with a header; lines end with CRLF. Texts are inert, see inertCell. */
export function toCsv(header: readonly string[], rows: Iterable<readonly CsvValue[]>): string {
  return [header, ...rows].map((row) => `${csvLine(row.map(inertCell))}\r\n`).join('')
}

/**
 * A cell for spreadsheets: a text that they would compute as a formula (names and notes may come from other people's files)
 * begins with an apostrophe. Numbers, also those written as text, stay as they are.
 */
export function inertCell(cell: CsvValue): CsvValue {
  const isFormula = typeof cell === 'string' && /^[=+@\t\r-]./s.test(cell) && !Number.isFinite(Number(cell))
  return isFormula ? `'${cell}` : cell
}
