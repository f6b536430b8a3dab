import { escapeHtml } from '@shared/escapeHtml'
import { countOf } from '@shared/units'
import type { Palette } from '../../charts/palette'
import type { DrawnSvg } from '../../charts/files/domSvg'
import type { TableColumn } from './tableColumn'

/** Rows of a picture at most: a taller one opens in no program. */
export const maxPictureRows = 500
const [rowPx, padPx, marginPx, lettersPx] = [24, 10, 8, 13]
/** Longer cells end in dots. */
const maxCellPx = 420

type Colors = Pick<Palette, 'text' | 'dim' | 'line' | 'surface' | 'font'>

/** A table as SVG: its title, the head, every row as it is shown, at most maxPictureRows. `measure` gives the width of a text, px. */
export function tableSvg<R>(
  label: string,
  columns: readonly TableColumn<R>[],
  rows: readonly R[],
  colors: Colors,
  measure: (text: string) => number
): DrawnSvg {
  const shown = rows.slice(0, maxPictureRows)
  const cells = shown.map((row) =>
    columns.map((column) => fitted(`${column.text(row)}${noteOf(column, row)}`, measure))
  )
  const widths = columns.map(({ title }, at) =>
    cells.reduce((most, line) => Math.max(most, measure(line[at])), measure(title) * 1.05)
  )
  const lefts = widths.map((_, at) =>
    widths.slice(0, at).reduce((sum, one) => sum + one + 2 * padPx, marginPx)
  )
  const left = rows.length - shown.length
  const rest = left > 0 ? `and ${countOf(left, 'more row')}` : ''
  const widthPx = Math.ceil(
    Math.max(
      widths.reduce((sum, one) => sum + one + 2 * padPx, 2 * marginPx),
      // Letters of the title are bolder than those that are measured.
      Math.max(measure(label) * 1.1, measure(rest)) + 2 * (padPx + marginPx)
    )
  )
  const lines = 2 + shown.length + (left > 0 ? 1 : 0)
  const heightPx = lines * rowPx + 2 * marginPx
  const y = (line: number): number => marginPx + line * rowPx
  const text = (words: string, x: number, line: number, look: string): string =>
    `<text x="${x.toFixed(1)}" y="${y(line) + 16}" font-size="${lettersPx}" ${look}>${escapeHtml(words)}</text>`
  const cell = (words: string, column: number, line: number, look: string): string =>
    columns[column].align === 'right'
      ? text(words, lefts[column] + padPx + widths[column], line, `text-anchor="end" ${look}`)
      : text(words, lefts[column] + padPx, line, look)
  const parts = [
    text(label, marginPx + padPx, 0, `font-weight="600" fill="${colors.text}"`),
    ...columns.map(({ title }, at) => cell(title, at, 1, `font-weight="500" fill="${colors.dim}"`)),
    ...cells.flatMap((line, at) => [
      `<line x1="${marginPx}" x2="${widthPx - marginPx}" y1="${y(at + 2)}" y2="${y(at + 2)}" stroke="${colors.line}"/>`,
      ...line.map((words, column) => cell(words, column, at + 2, `fill="${colors.text}"`))
    ]),
    ...(left > 0 ? [text(rest, marginPx + padPx, lines - 1, `fill="${colors.dim}"`)] : [])
  ]
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" font-family="${escapeHtml(colors.font)}">`,
    `<title>${escapeHtml(label)}</title><rect width="100%" height="100%" fill="${colors.surface}"/>`,
    ...parts,
    '</svg>'
  ].join('')
  return { svg, widthPx, heightPx }
}

function noteOf<R>(column: TableColumn<R>, row: R): string {
  const note = column.note?.(row) ?? null
  return note === null || note === '' ? '' : `  ${note}`
}

function fitted(text: string, measure: (text: string) => number): string {
  const one = text.replaceAll(/\s+/g, ' ')
  const width = measure(one)
  if (width <= maxCellPx) return one
  return `${one.slice(0, Math.max(1, Math.floor((one.length * maxCellPx) / width) - 1))}…`
}
