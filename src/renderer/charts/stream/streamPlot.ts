import type { Marker } from '@shared/contract/run'
import { unavailable } from '@shared/units'
import uPlot from 'uplot'
import type { Palette } from '../palette'
import { limitsWithoutOutliers } from '../outliers'
import { clockTicks, clockTime, longestTick } from './clockTicks'
import { drawEnvelope, edgePath, meanPath } from './envelopePaths'
import type { Span, Trace } from './trace'

/** A named stretch, shaded behind the trace. */
export interface StreamPhase {
  name: string
  fromMs: number
  toMs: number
}

/** What a plot reads while it draws; the component changes it. */
export interface StreamLooks {
  unit: string
  label: string
  relative: boolean
  hasBand: boolean
  logY: boolean
  calm: boolean
  phases(): readonly StreamPhase[]
  selection(): Span | null
  /** Marked places, by time; absent: none. */
  markers?(): readonly Marker[]
}

/** Returns a trace as uPlot wants it: times in s, gaps null. */
export function plotData({ timesMs, values, low, high }: Trace): uPlot.AlignedData {
  const seconds = Float64Array.from(timesMs, (timeMs) => timeMs / 1000)
  const columns: uPlot.AlignedData = [seconds, withGaps(values)]
  return low && high ? [...columns, withGaps(high), withGaps(low)] : columns
}

function withGaps(values: ArrayLike<number | null>): (number | null)[] {
  return Array.from(values, (value) => (value === null || Number.isNaN(value) ? null : value))
}

/** Options of a plot of one signal with its envelope, phases behind it and the selection over it. */
export function plotOptions(
  looks: StreamLooks,
  colors: Palette,
  size: { width: number; height: number },
  onSelect: (span: Span) => void
): uPlot.Options {
  const axisLook = {
    stroke: colors.dim,
    grid: { stroke: colors.line, width: 1 },
    ticks: { show: false },
    font: `11px ${colors.font}`
  }
  const times = (_: uPlot, ticks: number[], _axis: number, _space: number, step: number): string[] =>
    looks.relative ? ticks.map((tick) => `${Number(tick.toPrecision(9))} s`) : clockTicks(ticks, step)
  const amounts = (_: uPlot, ticks: (number | null)[]): string[] =>
    ticks.map((tick) => (tick === null ? '' : `${tick} ${looks.unit}`))
  /** Labels of a clock are as wide as the user's format makes them. */
  const space = (u: uPlot, _axis: number, min: number, max: number): number => {
    if (looks.relative) return 76
    u.ctx.font = `${11 * devicePixelRatio}px ${colors.font}`
    return Math.max(76, u.ctx.measureText(longestTick(min, max - min)).width / devicePixelRatio + 14)
  }
  const edge = (pick: 'min' | 'max'): uPlot.Series => ({
    ...{ label: pick, stroke: colors.faint, width: 0.5, points: { show: false } },
    paths: edgePath
  })
  return {
    ...size,
    scales: {
      x: { time: !looks.relative, auto: false },
      y: {
        distr: looks.logY ? 3 : 1,
        ...(looks.calm && !looks.logY
          ? { range: (u: uPlot, min: number, max: number) => calmRange(u, min, max) }
          : {})
      }
    },
    legend: { show: true, live: true },
    cursor: { y: false, drag: { x: true, y: false, setScale: false } },
    axes: [
      { ...axisLook, values: times, space },
      { ...axisLook, size: 64, values: amounts }
    ],
    series: [
      looks.relative
        ? { label: 'Time (s)' }
        : {
            label: 'Time',
            value: (_, second: number | null) => (second === null ? unavailable : clockTime(second))
          },
      {
        ...{ label: `${looks.label} (${looks.unit})`, stroke: colors.accent, width: 1.5, spanGaps: false },
        ...(looks.hasBand ? { paths: meanPath } : {})
      },
      ...(looks.hasBand ? [edge('max'), edge('min')] : [])
    ],
    hooks: plotHooks(looks, colors, onSelect)
  }
}

/** What is drawn below and above the signal, and what a dragged stretch becomes. */
function plotHooks(looks: StreamLooks, colors: Palette, onSelect: (span: Span) => void): uPlot.Hooks.Arrays {
  return {
    drawClear: [(u) => shadePhases(u, looks.phases(), colors)],
    drawAxes: [
      (u) => namePhases(u, looks.phases(), colors),
      ...(looks.hasBand ? [(u: uPlot) => drawEnvelope(u, `${colors.accent}33`, colors.faint)] : [])
    ],
    draw: [
      (u) => drawSelection(u, looks.selection(), colors),
      (u) => drawMarkers(u, looks.markers?.() ?? [], colors)
    ],
    setSelect: [
      (u) => {
        const { left, width } = u.select
        if (width < 3) return
        onSelect([u.posToVal(left, 'x') * 1000, u.posToVal(left + width, 'x') * 1000])
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
      }
    ]
  }
}

/** The y axis of what is in sight, without outliers. */
function calmRange(u: uPlot, min: number | null, max: number | null): [number, number] {
  const { min: from = -Infinity, max: to = Infinity } = u.scales['x']
  const times = u.data[0]
  const seen: number[] = []
  for (let at = 0; at < times.length; at++) {
    const value = u.data[1][at]
    if (times[at] >= (from ?? -Infinity) && times[at] <= (to ?? Infinity) && typeof value === 'number')
      seen.push(value)
  }
  const limits = limitsWithoutOutliers(seen)
  return limits === null
    ? (uPlot.rangeNum(min ?? 0, max ?? 1, 0.1, true) as [number, number])
    : [limits.low, limits.high]
}

/** Neighbouring phases differ. */
export const phaseColor = (colors: Pick<Palette, 'bits'>, index: number): string =>
  colors.bits(index % 2 === 0 ? 8 : 4)

/** Phases that are in sight, with their ends in canvas pixels. */
function drawEachPhase(
  u: uPlot,
  phases: readonly StreamPhase[],
  draw: (phase: StreamPhase, from: number, to: number, index: number) => void
): void {
  const { left, top, width, height } = u.bbox
  u.ctx.save()
  u.ctx.beginPath()
  u.ctx.rect(left, top, width, height)
  u.ctx.clip()
  phases.forEach((phase, index) => {
    const from = u.valToPos(phase.fromMs / 1000, 'x', true)
    const to = u.valToPos(phase.toMs / 1000, 'x', true)
    if (to >= left && from <= left + width) draw(phase, from, to, index)
  })
  u.ctx.restore()
}

function shadePhases(u: uPlot, phases: readonly StreamPhase[], colors: Palette): void {
  const { top, height } = u.bbox
  drawEachPhase(u, phases, (_, from, to, index) => {
    u.ctx.fillStyle = `${phaseColor(colors, index)}26`
    u.ctx.fillRect(from, top, Math.max(1, to - from), height)
  })
}

/** Names that have room, above the grid and below the signal: an outline keeps the grid's lines away from the letters. */
function namePhases(u: uPlot, phases: readonly StreamPhase[], colors: Palette): void {
  const { left, top, width } = u.bbox
  const { ctx } = u
  drawEachPhase(u, phases, ({ name }, from, to) => {
    ctx.font = `${11 * devicePixelRatio}px ${colors.font}`
    ctx.textBaseline = 'top'
    ctx.textAlign = 'left'
    const at = Math.max(from, left) + 4
    if (ctx.measureText(name).width + 8 > Math.min(to, left + width) - at) return
    ctx.strokeStyle = colors.surface
    ctx.lineWidth = 4 * devicePixelRatio
    ctx.lineJoin = 'round'
    ctx.strokeText(name, at, top + 3)
    ctx.fillStyle = colors.dim
    ctx.fillText(name, at, top + 3)
  })
}

function drawSelection(u: uPlot, selection: Span | null, colors: Palette): void {
  if (selection === null) return
  const [from, to] = selection.map((timeMs) => u.valToPos(timeMs / 1000, 'x', true)) as [number, number]
  const { left, top, width, height } = u.bbox
  const [start, end] = [Math.max(left, from), Math.min(left + width, to)]
  if (end <= start) return
  u.ctx.save()
  u.ctx.fillStyle = `${colors.warning}30`
  u.ctx.fillRect(start, top, end - start, height)
  u.ctx.strokeStyle = colors.warning
  u.ctx.strokeRect(start, top, end - start, height)
  u.ctx.restore()
}

/** A line through each marked place, with its number and as much of its note as there is room for. */
function drawMarkers(u: uPlot, markers: readonly Marker[], colors: Palette): void {
  const { left, top, width, height } = u.bbox
  const { ctx } = u
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  ctx.strokeStyle = ctx.fillStyle = colors.bad
  ctx.font = `${11 * devicePixelRatio}px ${colors.font}`
  ctx.textBaseline = 'bottom'
  ctx.textAlign = 'left'
  markers.forEach(({ atMs, text }, index) => {
    const x = Math.round(u.valToPos(atMs / 1000, 'x', true))
    if (x < left || x > left + width) return
    ctx.fillRect(x, top, Math.max(1, devicePixelRatio), height)
    const next = markers[index + 1]
    const room = next === undefined ? left + width - x : u.valToPos(next.atMs / 1000, 'x', true) - x
    const note = text === '' ? `${index + 1}` : `${index + 1} ${text}`
    ctx.fillText(ctx.measureText(note).width + 8 < room ? note : `${index + 1}`, x + 4, top + height - 3)
  })
  ctx.restore()
}
