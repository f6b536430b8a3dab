import { csvLine, type CsvValue } from '@shared/csvLine'

/** Returns rows as CSV with a header; lines end with CRLF. */
export function toCsv(header: readonly string[], rows: Iterable<readonly CsvValue[]>): string {
  return [header, ...rows].map((row) => `${csvLine(row)}\r\n`).join('')
}
