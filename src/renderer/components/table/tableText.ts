import type { CsvValue } from '@shared/csvLine'
import { inertCell, toCsv } from '../../charts/files/csv'
import { cellValue, type TableColumn } from './tableColumn'

const header = <R>({ title, unit }: TableColumn<R>): string =>
  unit === undefined ? title : `${title} [${unit}]`

function exported<R>(column: TableColumn<R>, row: R): CsvValue {
  return column.exported === undefined ? cellValue(column, row) : column.exported(row)
}

const cellsOf = <R>(columns: readonly TableColumn<R>[], rows: readonly R[]): CsvValue[][] =>
  rows.map((row) => columns.map((column) => exported(column, row)))

/** Rows as CSV with a header; every digit of a figure, an unknown one is empty. Lines end with CRLF. */
export function tableCsv<R>(columns: readonly TableColumn<R>[], rows: readonly R[]): string {
  return toCsv(columns.map(header), cellsOf(columns, rows))
}

/** The same with tabs, as spreadsheets paste it; tabs and line ends within a cell become spaces. */
export function tableClip<R>(columns: readonly TableColumn<R>[], rows: readonly R[]): string {
  const cell = (value: CsvValue): string =>
    value === null || value === undefined ? '' : String(inertCell(value)).replaceAll(/[\t\r\n]+/g, ' ')
  const lines = [columns.map(header), ...cellsOf(columns, rows)]
  return lines.map((line) => `${line.map(cell).join('\t')}\n`).join('')
}
