import type uPlot from 'uplot'
import { columnLine, type ColumnLine, type ColumnPick } from './columnLine'

/** Columns of series of a trace with an envelope: the mean, the largest, the least reading. */
const [highSeries, lowSeries] = [2, 3]

/** Time to canvas pixels; faster than uPlot's valToPos for thousands of points. */
function pixelOf(u: uPlot): (time: number) => number {
  const { left, width } = u.bbox
  const { min = 0, max = 1 } = u.scales['x'] ?? {}
  const scale = width / ((max ?? 1) - (min ?? 0) || 1)
  return (time) => left + (time - (min ?? 0)) * scale
}

/** Returns the path of a line; breaks stay open, a lone point is a dot. */
function pathOf(u: uPlot, { x, y }: ColumnLine): Path2D {
  const path = new Path2D()
  let isDown = false
  for (let at = 0; at < x.length; at++) {
    const value = y[at] ?? null
    if (value !== null) {
      const top = u.valToPos(value, 'y', true)
      if (!isDown) path.moveTo((x[at] ?? 0) - 0.5, top)
      path.lineTo(x[at] ?? 0, top)
    }
    isDown = value !== null
  }
  return path
}

/**
 * Draws the mean of an envelope with one point per pixel column. uPlot alone joins columns from four points each; without a
 * GPU thousands of steep lines within a few pixels take longer than a frame.
 */
export const meanPath: uPlot.Series.PathBuilder = (u, index, from, to) => ({
  ...{ fill: null, clip: null, band: null, flags: 0 },
  stroke: pathOf(u, columnLine(u.data[0], u.data[index] ?? [], [from, to], pixelOf(u), 'mean'))
})

/** The edges are drawn with the band between them (drawEnvelope), not as series. */
export const edgePath: uPlot.Series.PathBuilder = () => null

/** Draws the least and the largest readings: a band between them, or the one line of the two that is shown. */
export function drawEnvelope(u: uPlot, fill: string, edge: string): void {
  const [from, to] = u.series[0]?.idxs ?? [0, -1]
  const range = [Math.max(0, from - 1), Math.min(u.data[0].length - 1, to + 1)] as const
  const lineOf = (index: number, pick: ColumnPick): ColumnLine | null =>
    u.series[index]?.show === true
      ? columnLine(u.data[0], u.data[index] ?? [], range, pixelOf(u), pick)
      : null
  const [high, low] = [lineOf(highSeries, 'max'), lineOf(lowSeries, 'min')]
  const { left, top, width, height } = u.bbox
  u.ctx.save()
  u.ctx.beginPath()
  u.ctx.rect(left, top, width, height)
  u.ctx.clip()
  u.ctx.fillStyle = fill
  u.ctx.strokeStyle = edge
  u.ctx.lineWidth = devicePixelRatio / 2
  const only = high ?? low
  if (high !== null && low !== null) fillBetween(u, high, low)
  else if (only !== null) u.ctx.stroke(pathOf(u, only))
  u.ctx.restore()
}

/** Points closer together than this, px, are filled as bars between them. */
const barPx = 2

/**
 * Fills between two lines with the same places: where every pixel column has a reading by upright bars on whole pixels, which
 * cost a tenth of polygons without a GPU; elsewhere by polygons with their edges. Before a gap and at the end a bar is one
 * pixel wide, so that no reading is left out.
 */
function fillBetween({ ctx, valToPos }: uPlot, high: ColumnLine, low: ColumnLine): void {
  const topOf = (value: number | null | undefined): number => valToPos(value ?? 0, 'y', true)
  const { x } = high
  const isReading = (at: number): boolean => typeof high.y[at] === 'number'
  for (let at = 0; at < x.length; at++) {
    if (!isReading(at)) continue
    const start = x[at] ?? 0
    const end = isReading(at + 1) ? (x[at + 1] ?? 0) : Math.floor(start) + 1
    const [upper, lower] = [topOf(high.y[at]), topOf(low.y[at])]
    if (end - start <= barPx) {
      // The polygon before it ends here.
      if (!isReading(at + 1) && isReading(at - 1) && start - (x[at - 1] ?? 0) > barPx) continue
      const [column, row] = [Math.floor(start), Math.round(upper)]
      ctx.fillRect(column, row, Math.floor(end) - column, Math.max(1, Math.round(lower) - row))
      continue
    }
    const [nextUpper, nextLower] = [topOf(high.y[at + 1]), topOf(low.y[at + 1])]
    ctx.beginPath()
    ctx.moveTo(start, upper)
    ctx.lineTo(end, nextUpper)
    ctx.lineTo(end, nextLower)
    ctx.lineTo(start, lower)
    ctx.fill()
    ctx.beginPath()
    ctx.moveTo(start, upper)
    ctx.lineTo(end, nextUpper)
    ctx.moveTo(start, lower)
    ctx.lineTo(end, nextLower)
    ctx.stroke()
  }
}
