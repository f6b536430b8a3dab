import type { FittedProxy } from '../fit/detail'
import type { TransferPoint } from '../transfer/curve'

/** A drawing in plain marks, in pixels from the top left: the same scene becomes SVG and PNG. */
export interface Scene {
  width: number
  height: number
  title: string
  marks: Mark[]
}

export type Mark =
  | {
      kind: 'line'
      x1: number
      y1: number
      x2: number
      y2: number
      color: string
      width: number
      opacity?: number
    }
  | { kind: 'circle'; x: number; y: number; radius: number; color: string; opacity?: number }
  | { kind: 'rect'; x: number; y: number; width: number; height: number; color: string }
  | {
      kind: 'text'
      x: number
      y: number
      text: string
      size: number
      color: string
      anchor: 'start' | 'middle' | 'end'
    }

const ink = '#333333'
const faint = '#d9d9d9'
const palette = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#7f7f7f', '#b8a000']
const frame = { left: 70, right: 20, top: 36, bottom: 48 }
const [width, height] = [640, 440]

interface Axis {
  from: number
  to: number
  log: boolean
  label: string
}

/** Predicted against measured on both logarithmic axes, coloured by the wider of the two bit widths, interval bars. */
export function scatterScene({ points, proxy }: FittedProxy): Scene {
  const values = points.flatMap((point) => [point.measured, point.predicted])
  const range = spread(values)
  const plot = plane(
    'Predicted against measured, shapes held out',
    { ...range, log: true, label: `measured, ${proxy.unit}` },
    { ...range, log: true, label: `predicted, ${proxy.unit}` }
  )
  plot.line(range.from, range.from, range.to, range.to, ink, 1)
  const bits = [...new Set(points.map((point) => Math.max(point.activationBits, point.weightBits)))].sort(
    (a, b) => a - b
  )
  const colorOf = (point: { activationBits: number; weightBits: number }): string =>
    palette[bits.indexOf(Math.max(point.activationBits, point.weightBits)) % palette.length]
  for (const point of points)
    plot.line(point.measured, point.low, point.measured, point.high, colorOf(point), 1, 0.15)
  for (const point of points) plot.dot(point.measured, point.predicted, colorOf(point))
  bits.forEach((value, at) =>
    plot.legend(at, value === 0 ? 'no bit widths' : `up to ${value} bits`, palette[at % palette.length])
  )
  return plot.scene
}

/** Relative error against the work of the layer. */
export function residualScene({ points }: FittedProxy): Scene {
  const errors = points.map((point) => (100 * (point.predicted - point.measured)) / point.measured)
  const most = Math.max(5, ...errors.map(Math.abs))
  const plot = plane(
    'Error against size, shapes held out',
    { ...spread(points.map((point) => point.macs)), log: true, label: 'MACs' },
    { from: -most, to: most, log: false, label: 'error, %' }
  )
  const { from, to } = spread(points.map((point) => point.macs))
  plot.line(from, 0, to, 0, ink, 1)
  points.forEach((point, at) => plot.dot(point.macs, errors[at], palette[0]))
  return plot.scene
}

/** MAPE on training rows (grey), random folds and unseen shapes. */
export function errorScene({ splits }: FittedProxy): Scene {
  const bars = [
    { label: 'training', value: splits.train?.mape, color: '#bdbdbd' },
    { label: 'random fold', value: splits.random?.mape, color: palette[4] },
    { label: 'unseen shape', value: splits.shape?.mape, color: palette[0] }
  ].filter((bar): bar is { label: string; value: number; color: string } => bar.value !== undefined)
  return barScene('Error by split (MAPE, %)', bars)
}

export function importanceScene({ importance }: FittedProxy): Scene {
  return barScene(
    'Feature importance (share of gain, %)',
    importance
      .slice(0, 8)
      .map(({ feature, share }) => ({ label: feature, value: 100 * share, color: palette[2] }))
  )
}

export function learningScene({ learningCurve }: FittedProxy): Scene {
  return curveScene('Error on unseen shapes against shapes measured', 'layer shapes measured', [
    {
      name: 'unseen shape',
      points: learningCurve.map(({ shapes, mape, deviation }) => ({ x: shapes, y: mape, deviation }))
    }
  ])
}

export function transferScene(points: readonly TransferPoint[]): Scene {
  const methods = [...new Set(points.map((point) => point.method))]
  return curveScene(
    'Transfer: error against target rows, rows seen on the source',
    'target rows measured',
    methods.map((name) => ({
      name,
      points: points
        .filter((point) => point.method === name)
        .map(({ n, seenMape, seenDeviation }) => ({ x: n, y: seenMape, deviation: seenDeviation }))
    }))
  )
}

function curveScene(
  title: string,
  label: string,
  series: { name: string; points: { x: number; y: number; deviation: number }[] }[]
): Scene {
  const all = series.flatMap((one) => one.points)
  const plot = plane(
    title,
    { ...spread(all.map((point) => point.x)), log: true, label },
    { ...spread(all.map((point) => Math.max(point.y, 0.1))), log: true, label: 'MAPE, %' }
  )
  series.forEach(({ name, points }, at) => {
    const color = palette[at % palette.length]
    points.forEach((point, index) => {
      const next = points[index + 1]
      if (next !== undefined) plot.line(point.x, point.y, next.x, next.y, color, 2)
      plot.line(
        point.x,
        Math.max(0.1, point.y - point.deviation),
        point.x,
        point.y + point.deviation,
        color,
        1,
        0.5
      )
      plot.dot(point.x, point.y, color)
    })
    plot.legend(at, name, color)
  })
  return plot.scene
}

function barScene(title: string, bars: readonly { label: string; value: number; color: string }[]): Scene {
  const marks: Mark[] = [{ kind: 'text', x: 16, y: 22, text: title, size: 14, color: ink, anchor: 'start' }]
  const most = Math.max(1e-9, ...bars.map((bar) => bar.value))
  const labelWidth = 170
  bars.forEach(({ label, value, color }, at) => {
    const y = 48 + at * 32
    const length = (value / most) * (width - labelWidth - 90)
    marks.push(
      { kind: 'text', x: labelWidth - 8, y: y + 14, text: label, size: 12, color: ink, anchor: 'end' },
      { kind: 'rect', x: labelWidth, y, width: Math.max(1, length), height: 20, color },
      {
        kind: 'text',
        x: labelWidth + length + 6,
        y: y + 14,
        text: value.toFixed(2),
        size: 12,
        color: ink,
        anchor: 'start'
      }
    )
  })
  return { width, height: 64 + 32 * Math.max(1, bars.length), title, marks }
}

/** Axes, grid and ticks, and marks placed in the axes' own numbers. */
function plane(title: string, x: Axis, y: Axis) {
  const marks: Mark[] = []
  const place = (axis: Axis, value: number, start: number, end: number): number => {
    const map = (number: number): number => (axis.log ? Math.log10(Math.max(number, 1e-9)) : number)
    const share = (map(value) - map(axis.from)) / Math.max(map(axis.to) - map(axis.from), 1e-9)
    return start + Math.min(1.02, Math.max(-0.02, share)) * (end - start)
  }
  const px = (value: number): number => place(x, value, frame.left, width - frame.right)
  const py = (value: number): number => place(y, value, height - frame.bottom, frame.top)
  for (const tick of ticks(x)) {
    marks.push(
      {
        kind: 'line',
        x1: px(tick),
        y1: frame.top,
        x2: px(tick),
        y2: height - frame.bottom,
        color: faint,
        width: 1
      },
      {
        kind: 'text',
        x: px(tick),
        y: height - frame.bottom + 16,
        text: short(tick),
        size: 11,
        color: ink,
        anchor: 'middle'
      }
    )
  }
  for (const tick of ticks(y)) {
    marks.push(
      {
        kind: 'line',
        x1: frame.left,
        y1: py(tick),
        x2: width - frame.right,
        y2: py(tick),
        color: faint,
        width: 1
      },
      {
        kind: 'text',
        x: frame.left - 6,
        y: py(tick) + 4,
        text: short(tick),
        size: 11,
        color: ink,
        anchor: 'end'
      }
    )
  }
  marks.push(
    { kind: 'text', x: frame.left, y: 22, text: title, size: 14, color: ink, anchor: 'start' },
    {
      kind: 'text',
      x: width - frame.right,
      y: height - 12,
      text: x.label,
      size: 12,
      color: ink,
      anchor: 'end'
    },
    { kind: 'text', x: 6, y: frame.top - 2, text: y.label, size: 12, color: ink, anchor: 'start' }
  )
  return {
    scene: { width, height, title, marks } satisfies Scene,
    line(x1: number, y1: number, x2: number, y2: number, color: string, lineWidth: number, opacity = 1) {
      marks.push({
        kind: 'line',
        x1: px(x1),
        y1: py(y1),
        x2: px(x2),
        y2: py(y2),
        color,
        width: lineWidth,
        opacity
      })
    },
    dot(atX: number, atY: number, color: string) {
      marks.push({ kind: 'circle', x: px(atX), y: py(atY), radius: 2.5, color, opacity: 0.7 })
    },
    legend(index: number, text: string, color: string) {
      const top = frame.top + 14 + index * 16
      marks.push(
        { kind: 'rect', x: frame.left + 8, y: top - 8, width: 10, height: 10, color },
        { kind: 'text', x: frame.left + 24, y: top + 1, text, size: 11, color: ink, anchor: 'start' }
      )
    }
  }
}

function spread(values: readonly number[]): { from: number; to: number } {
  const positive = values.filter((value) => value > 0)
  if (positive.length === 0) return { from: 1, to: 10 }
  let [from, to] = [Infinity, -Infinity]
  for (const value of positive) [from, to] = [Math.min(from, value), Math.max(to, value)]
  return { from: from / 1.3, to: to * 1.3 }
}

/** Powers of ten on a logarithmic axis (with 2 and 5 where there are few), five round steps on a linear one. */
function ticks(axis: Axis): number[] {
  if (!axis.log) return [0, 1, 2, 3, 4].map((step) => axis.from + (step * (axis.to - axis.from)) / 4)
  const decades = Math.log10(axis.to / axis.from)
  const steps = decades > 2.5 ? [1] : [1, 2, 5]
  const found: number[] = []
  for (let power = Math.floor(Math.log10(axis.from)); power <= Math.ceil(Math.log10(axis.to)); power++) {
    for (const step of steps) {
      const tick = step * 10 ** power
      if (tick >= axis.from && tick <= axis.to) found.push(tick)
    }
  }
  return found
}

function short(value: number): string {
  const magnitude = Math.abs(value)
  if (magnitude >= 1e9) return `${Number((value / 1e9).toPrecision(3))}G`
  if (magnitude >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`
  if (magnitude >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`
  return String(Number(value.toPrecision(3)))
}
