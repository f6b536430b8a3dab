import type { Marker } from '@shared/contract/run'
import { escapeHtml } from '@shared/escapeHtml'
import type { Palette } from '../palette'
import { limitsWithoutOutliers } from '../outliers'
import { clockTime } from './clockTicks'
import { phaseColor, type StreamPhase } from './streamPlot'
import { extentOf, rangeOf, within, type Span, type Trace } from './trace'

/** How a trace is looked at; what is absent is off. */
export interface TraceLook {
  name: string
  unit: string
  widthPx: number
  heightPx: number
  /** The stretch that is drawn; absent: all of it. */
  span?: Span
  /** Times are of the day, not since the start. */
  isClock?: boolean
  logY?: boolean
  calm?: boolean
  phases?: readonly StreamPhase[]
  markers?: readonly Marker[]
  selection?: Span | null
}

/** What places and names the parts of the picture. */
interface Plane {
  span: Span
  range: readonly [number, number]
  /** Values of the horizontal lines. */
  ticks: readonly number[]
  x(timeMs: number): number
  y(value: number): number
}

const [left, right, top, bottom] = [64, 16, 16, 32]
const fractions = [0, 0.25, 0.5, 0.75, 1]
type Colors = Pick<
  Palette,
  'text' | 'dim' | 'line' | 'surface' | 'accent' | 'font' | 'bad' | 'warning' | 'bits'
>

/** A trace as SVG as the chart shows it: phases, envelope, line, selection, markers, five marks an axis. Gaps stay gaps. */
export function traceSvg(trace: Trace, look: TraceLook, colors: Colors): string {
  const { widthPx, heightPx } = look
  const plane = planeOf(trace, look)
  const [width, height] = [widthPx - left - right, heightPx - top - bottom]
  const lineOf = (values: ArrayLike<number | null>, strokePx: number, opacity: number): string =>
    `<path d="${pathOf(trace.timesMs, values, plane)}" fill="none" stroke="${colors.accent}" stroke-width="${strokePx}" opacity="${opacity}"/>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" font-family="${escapeHtml(colors.font)}">`,
    `<title>${escapeHtml(look.name)}</title><rect width="100%" height="100%" fill="${colors.surface}"/>`,
    `<clipPath id="plane"><rect x="${left}" y="${top}" width="${width}" height="${height}"/></clipPath>`,
    ...phaseShades(look.phases ?? [], plane, height, colors),
    ...axisMarks(plane, look, colors),
    '<g clip-path="url(#plane)">',
    ...[trace.low, trace.high].flatMap((edge) => (edge ? [lineOf(edge, 0.5, 0.5)] : [])),
    lineOf(trace.values, 1.5, 1),
    ...selectionShade(look.selection ?? null, plane, height, colors),
    ...markerLines(look.markers ?? [], plane, height, colors),
    '</g></svg>'
  ].join('')
}

function planeOf(trace: Trace, look: TraceLook): Plane {
  const span = look.span ?? extentOf(trace) ?? [0, 1]
  const seen = within(trace, span)
  const range = rangeOfLook(seen, look)
  const scale = look.logY ? Math.log10 : (value: number): number => value
  const [low, high] = range.map(scale)
  const back = look.logY ? (value: number): number => 10 ** value : scale
  const [width, height] = [look.widthPx - left - right, look.heightPx - top - bottom]
  return {
    ...{ span, range },
    ticks: fractions.map((fraction) => back(low + fraction * (high - low))),
    x: (timeMs) => left + ((timeMs - span[0]) / Math.max(1e-9, span[1] - span[0])) * width,
    y: (value) => top + ((high - scale(value)) / (high - low)) * height
  }
}

function rangeOfLook(seen: Trace, { logY, calm }: TraceLook): [number, number] {
  const range = rangeOf([seen.values, seen.low ?? [], seen.high ?? []])
  // One value alone has room below it, which may lie below zero.
  if (logY) return range[0] > 0 ? range : [range[1] / 10, range[1]]
  const limits = calm
    ? limitsWithoutOutliers(
        Array.from(seen.values, (value) => value ?? NaN).filter((value) => !Number.isNaN(value))
      )
    : null
  return limits === null ? range : [limits.low, limits.high]
}

const text = (x: number, y: number, anchor: string, color: string, words: string): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${color}" font-size="11">${escapeHtml(words)}</text>`

function axisMarks({ span, ticks, x, y }: Plane, look: TraceLook, colors: Colors): string[] {
  const end = look.widthPx - right
  const timeText = (timeMs: number): string =>
    look.isClock === true ? clockTime(timeMs / 1000) : `${Number((timeMs / 1000).toPrecision(6))} s`
  // A date and time is as wide as half of the picture: its ends only.
  const times = look.isClock === true ? [0, 1] : fractions
  return [
    ...ticks.flatMap((value) => [
      `<line x1="${left}" x2="${end}" y1="${y(value)}" y2="${y(value)}" stroke="${colors.line}"/>`,
      text(left - 6, y(value) + 4, 'end', colors.dim, `${Number(value.toPrecision(4))} ${look.unit}`)
    ]),
    ...times.map((fraction) => {
      const timeMs = span[0] + fraction * (span[1] - span[0])
      const anchor = look.isClock !== true ? 'middle' : fraction === 0 ? 'start' : 'end'
      return text(x(timeMs), look.heightPx - 12, anchor, colors.dim, timeText(timeMs))
    })
  ]
}

/** Every phase that is in sight, named where its name has room (about 6.5 px a letter). */
function phaseShades(
  phases: readonly StreamPhase[],
  { span, x }: Plane,
  height: number,
  colors: Colors
): string[] {
  return phases.flatMap(({ name, fromMs, toMs }, index) => {
    if (toMs < span[0] || fromMs > span[1]) return []
    const [from, to] = [x(Math.max(fromMs, span[0])), x(Math.min(toMs, span[1]))]
    const hasRoom = 6.5 * name.length + 8 < to - from
    return [
      `<rect x="${from.toFixed(1)}" y="${top}" width="${Math.max(1, to - from).toFixed(1)}" height="${height}" fill="${phaseColor(colors, index)}" opacity="0.15"/>`,
      ...(hasRoom ? [text(from + 4, top + 12, 'start', colors.dim, name)] : [])
    ]
  })
}

function selectionShade(selection: Span | null, { x }: Plane, height: number, colors: Colors): string[] {
  if (selection === null) return []
  const [from, to] = [x(selection[0]), x(selection[1])]
  return [
    `<rect x="${from.toFixed(1)}" y="${top}" width="${(to - from).toFixed(1)}" height="${height}" fill="${colors.warning}" fill-opacity="0.19" stroke="${colors.warning}"/>`
  ]
}

function markerLines(
  markers: readonly Marker[],
  { span, x }: Plane,
  height: number,
  colors: Colors
): string[] {
  return markers.flatMap(({ atMs, text: note }, index) => {
    if (atMs < span[0] || atMs > span[1]) return []
    const at = x(atMs)
    const next = markers[index + 1]
    const room = (next === undefined ? x(span[1]) : x(next.atMs)) - at
    const words = note === '' ? `${index + 1}` : `${index + 1} ${note}`
    return [
      `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${top}" y2="${top + height}" stroke="${colors.bad}"/>`,
      text(
        ...([at + 4, top + height - 4, 'start', colors.bad] as const),
        6.5 * words.length + 8 < room ? words : `${index + 1}`
      )
    ]
  })
}

function pathOf(timesMs: ArrayLike<number>, values: ArrayLike<number | null>, { x, y }: Plane): string {
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
