import { escapeHtml } from '@shared/escapeHtml'
import { toCsv } from '../files/csv'
import type { Palette } from '../palette'
import { extentOf, rangeOf, type Trace } from './trace'

/** Returns a trace as CSV, times in s. */
export function traceCsv({ timesMs, values, low, high }: Trace, name: string, unit: string): string {
  const columns = [name, ...(low ? ['min'] : []), ...(high ? ['max'] : [])]
  const rows = Array.from(timesMs, (timeMs, at) => [
    timeMs / 1000,
    values[at] ?? null,
    ...(low ? [low[at] ?? null] : []),
    ...(high ? [high[at] ?? null] : [])
  ])
  return toCsv(['time (s)', ...columns.map((column) => `${column} (${unit})`)], rows)
}

const [left, right, top, bottom] = [64, 16, 16, 32]

/** A trace as SVG: line, envelope, axes with five marks each. Gaps stay gaps. */
export function traceSvg(
  trace: Trace,
  look: { name: string; unit: string; widthPx: number; heightPx: number },
  colors: Pick<Palette, 'text' | 'dim' | 'line' | 'surface' | 'accent' | 'font'>
): string {
  const { widthPx, heightPx } = look
  const span = extentOf(trace) ?? [0, 1]
  const range = rangeOf([trace.values, trace.low ?? [], trace.high ?? []])
  const x = (timeMs: number): number =>
    left + ((timeMs - span[0]) / Math.max(1e-9, span[1] - span[0])) * (widthPx - left - right)
  const y = (value: number): number =>
    top + ((range[1] - value) / (range[1] - range[0])) * (heightPx - top - bottom)
  const fractions = [0, 0.25, 0.5, 0.75, 1]
  const text = (atX: number, atY: number, anchor: string, words: string): string =>
    `<text x="${atX.toFixed(1)}" y="${atY.toFixed(1)}" text-anchor="${anchor}" fill="${colors.dim}" font-size="11">${escapeHtml(words)}</text>`
  const marks = fractions.flatMap((fraction) => {
    const value = range[0] + fraction * (range[1] - range[0])
    const timeMs = span[0] + fraction * (span[1] - span[0])
    return [
      `<line x1="${left}" x2="${widthPx - right}" y1="${y(value)}" y2="${y(value)}" stroke="${colors.line}"/>`,
      text(left - 6, y(value) + 4, 'end', `${Number(value.toPrecision(4))} ${look.unit}`),
      text(x(timeMs), heightPx - 12, 'middle', `${Number(((timeMs - span[0]) / 1000).toPrecision(4))} s`)
    ]
  })
  const lineOf = (values: ArrayLike<number | null>, width: number, opacity: number): string =>
    `<path d="${pathOf(trace.timesMs, values, x, y)}" fill="none" stroke="${colors.accent}" stroke-width="${width}" opacity="${opacity}"/>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" font-family="${escapeHtml(colors.font)}">`,
    `<title>${escapeHtml(look.name)}</title><rect width="100%" height="100%" fill="${colors.surface}"/>`,
    ...marks,
    ...[trace.low, trace.high].flatMap((edge) => (edge ? [lineOf(edge, 0.5, 0.5)] : [])),
    lineOf(trace.values, 1.5, 1),
    '</svg>'
  ].join('')
}

function pathOf(
  timesMs: ArrayLike<number>,
  values: ArrayLike<number | null>,
  x: (timeMs: number) => number,
  y: (value: number) => number
): string {
  let path = ''
  let isDown = false
  for (let at = 0; at < timesMs.length; at++) {
    const value = values[at] ?? NaN
    if (!Number.isNaN(value))
      path += `${isDown ? 'L' : 'M'}${x(timesMs[at]).toFixed(1)} ${y(value).toFixed(1)}`
    isDown = !Number.isNaN(value)
  }
  return path
}
