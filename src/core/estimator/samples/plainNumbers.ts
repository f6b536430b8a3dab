import { AppError } from '../../../shared/errors'
import { readNumber, type NumberFormat } from '../../csv/cells'
import { readLayout } from '../../csv/layout'
import { isMarkedNumber, numberFormats, onlyFormat } from '../../csv/numberFormat'
import type { CsvTable } from './csvTable'

/** What a person can do; three digits behind every point are no decision here. */
const ambiguous = {
  isHabitTaken: false,
  hint: 'Say which with --decimal . or --decimal , or write the numbers without marks of thousands, cells separated by commas.'
}
const groupSign = /\d[ \u00a0\u2009\u202f'\u2019]\d/

/**
 * A table whose numbers are written with a decimal point alone. How they were written is decided over whole columns, as
 * for files of profiles: `12,5` beside `;` is 12.5, and `1.234,5` is 1234.5.
 *
 * @param decimal the decimal mark, where a person says it
 * @throws data.invalid where `27.648` may be a fraction as well as 27648, or a number fits none of both
 */
export function withPlainNumbers(
  table: CsvTable,
  text: string,
  fileName: string,
  decimal?: '.' | ','
): CsvTable {
  const numeric = table.header.flatMap((_, column) => {
    const cells = table.rows.map((row) => row[column].trim()).filter((cell) => cell !== '')
    return cells.length > 0 && cells.every(isMarkedNumber) ? [column] : []
  })
  const layout = readLayout(text, fileName)
  const formats = numberFormats(layout, new Map(numeric.map((column) => [column, { whole: false }])))
  const format: NumberFormat =
    decimal === undefined
      ? onlyFormat(formats, layout.delimiter, fileName, ambiguous)
      : { decimal, thousands: decimal === '.' ? ',' : '.' }
  const isGrouped = table.rows.some((row) => numeric.some((column) => groupSign.test(row[column])))
  if (format.decimal === '.' && format.thousands === null && !isGrouped) return table
  const rows = table.rows.map((row, at) =>
    row.map((cell, column) => {
      if (!numeric.includes(column) || cell.trim() === '') return cell
      const value = readNumber(cell, 0, cell.length, format)
      if (Number.isFinite(value)) return String(value)
      throw new AppError(
        'data.invalid',
        `${fileName}, row ${at + 1}, ${table.header[column]}: "${cell.trim()}" is no number as the others are written.`,
        'Correct the cell, or write all numbers with a decimal point and without marks of thousands.',
        { details: { file: fileName, column: table.header[column] } }
      )
    })
  )
  return { header: table.header, rows }
}
