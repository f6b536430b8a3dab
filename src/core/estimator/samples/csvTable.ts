import { AppError } from '../../../shared/errors'

/** A CSV file as cells. Quoted cells may hold the delimiter and doubled quotes; CRLF and a byte order mark are read. */
export interface CsvTable {
  header: string[]
  rows: string[][]
}

/** Splits a file into its header and rows. @throws data.invalid naming the line for a row that does not fit the header */
export function parseCsv(text: string, fileName: string): CsvTable {
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line, at) => ({ line, number: at + 1 }))
    .filter(({ line }) => line.trim() !== '')
  if (lines.length < 2) {
    throw new AppError('data.invalid', `${fileName} has no rows.`, 'Give a CSV file with a header and rows.')
  }
  const delimiter = [',', ';', '\t'].find((mark) => lines[0].line.includes(mark)) ?? ','
  const header = csvCells(lines[0].line, delimiter).map((cell) => cell.trim())
  const rows = lines.slice(1).map(({ line, number }) => {
    const cells = csvCells(line, delimiter)
    if (cells.length !== header.length) {
      throw new AppError(
        'data.invalid',
        `${fileName}, line ${number}: the row has ${cells.length} cells, the header ${header.length}.`,
        'Complete the row or remove it; a file that was cut while writing ends like this.',
        { details: { file: fileName, line: number } }
      )
    }
    return cells
  })
  return { header, rows }
}

/** Cells of a line; quotes around them are taken off. */
export function csvCells(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter)
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const mark = line[at]
    if (mark === '"' && quoted && line[at + 1] === '"') {
      cell += '"'
      at++
    } else if (mark === '"') quoted = !quoted
    else if (mark === delimiter && !quoted) {
      cells.push(cell)
      cell = ''
    } else cell += mark
  }
  return [...cells, cell]
}
