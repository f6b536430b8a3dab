import { AppError } from '../../../shared/errors'
import { readNumber, type NumberFormat } from '../../proxy/csv/cells'
import { readLayout } from '../../proxy/csv/layout'
import { numberFormats } from '../../proxy/csv/numberFormat'
import type { CsvTable } from './csvTable'

/** A cell that is a number in one way of writing or another: `27.648`, `1.234,5`, `1'234`; no version as 0.8.0. */
const markedNumber =
  /^[+-]?(\d+([.,]\d+)?|\d{1,3}([.,]\d{3})+([.,]\d+)?|[1-9]\d{0,2}([ \u00a0\u2009\u202f'\u2019]\d{3})+([.,]\d+)?)$/
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
    return cells.length > 0 && cells.every((cell) => markedNumber.test(cell)) ? [column] : []
  })
  const layout = readLayout(text, fileName)
  const formats = numberFormats(layout, new Map(numeric.map((column) => [column, { whole: false }])))
  const format: NumberFormat =
    decimal === undefined
      ? chosen(formats, layout.delimiter, fileName)
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

const comma = 44

function chosen(formats: readonly NumberFormat[], delimiter: number, fileName: string): NumberFormat {
  // Where commas separate the cells, the point is the decimal mark.
  if (delimiter === comma && formats[0].decimal === '.') return formats[0]
  // Three digits behind every point: %.3f writes them so, and so do thousands in half of the world.
  if (formats.length === 1 && formats[0].isHabit !== true) return formats[0]
  const mark = formats.some(({ thousands, isHabit }) => thousands === '.' || isHabit) ? '.' : ','
  throw new AppError(
    'data.invalid',
    `${fileName}: "${mark}" in its numbers may be a decimal mark or a mark of thousands.`,
    'Say which with --decimal . or --decimal , or write the numbers without marks of thousands, cells separated by commas.',
    { details: { file: fileName, mark } }
  )
}
