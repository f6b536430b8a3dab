import type { Figure } from './renderFigure'
import { textWidth } from './textWidth'

/** Colours that differ for colour-blind readers (Okabe and Ito). */
export const figureColors = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#7f7f7f',
  '#b8a000'
]

/** An axis of a figure. */
export interface Axis {
  label: string
  log?: boolean
  min?: number
  max?: number
}

/** One panel: a grid with its axes and series; a figure is one or several of them side by side. */
export interface Panel {
  title: string
  x: Record<string, unknown>
  y: Record<string, unknown>
  series: Record<string, unknown>[]
}

const panelSize = { width: 560, height: 420 }
const margin = { left: 76, right: 24, top: 66, bottom: 62 }
/** Colour of text and axes. */
export const ink = '#333333'

/** Panels in rows of `columns`. */
export function figureOf(
  name: string,
  panels: readonly Panel[],
  columns = Math.min(2, panels.length)
): Figure {
  const rows = Math.ceil(panels.length / columns)
  const tops = panels.map((panel) => plotTop(legendNames(panel)))
  const place = (at: number) => ({
    left: (at % columns) * panelSize.width,
    top: Math.floor(at / columns) * panelSize.height
  })
  return {
    name,
    width: columns * panelSize.width,
    height: rows * panelSize.height,
    option: {
      color: figureColors,
      title: panels.map(({ title }, at) => ({
        text: title,
        left: place(at).left + margin.left,
        top: place(at).top + 10,
        textStyle: {
          fontSize: titleSize(title),
          fontWeight: 'bold',
          color: ink,
          width: titleRoom,
          overflow: 'truncate'
        }
      })),
      legend: panels.map((panel, at) => ({
        left: place(at).left + margin.left,
        top: place(at).top + 34,
        width: panelSize.width - margin.left - margin.right,
        itemWidth: 14,
        itemHeight: 8,
        textStyle: { fontSize: legendSize, color: ink },
        data: legendNames(panel)
      })),
      grid: panels.map((_, at) => ({
        left: place(at).left + margin.left,
        top: place(at).top + (tops[at] ?? margin.top),
        width: panelSize.width - margin.left - margin.right,
        height: panelSize.height - (tops[at] ?? margin.top) - margin.bottom
      })),
      xAxis: panels.map(({ x }, at) => ({ gridIndex: at, ...axisStyle, ...x })),
      yAxis: panels.map(({ y }, at) => ({ gridIndex: at, ...axisStyle, nameGap: 52, ...y })),
      series: panels.flatMap(({ series }, at) =>
        series.map((one) => ({ ...one, xAxisIndex: at, yAxisIndex: at, silent: true }))
      )
    }
  }
}

/** Room of a title, and its size: a long one ("… (SIMULATED power): energy against impact") is set smaller, not cut. */
const titleRoom = panelSize.width - margin.left - 8
const largestTitle = 15
const smallestTitle = 9
function titleSize(title: string): number {
  // Bold letters are about a tenth wider.
  const width = 1.1 * textWidth(title, largestTitle)
  return Math.max(smallestTitle, Math.min(largestTitle, Math.floor((largestTitle * titleRoom) / width)))
}

/** Names of the series; a single one needs no legend. */
function legendNames({ series }: Panel): string[] {
  const names = [...new Set(series.map((one) => one['name']))].filter((name) => typeof name === 'string')
  return names.length < 2 ? [] : names
}

/** Legend text size, and the room of a symbol with its gaps. */
const legendSize = 10
const legendSymbol = 30
const legendRow = 18

/** Where the plot begins: below as many rows of the legend as its names need. */
function plotTop(names: readonly string[]): number {
  const room = panelSize.width - margin.left - margin.right
  let [rows, used] = [1, 0]
  for (const name of names) {
    const width = textWidth(name, legendSize) + legendSymbol
    if (used + width > room) [rows, used] = [rows + 1, 0]
    used += width
  }
  return margin.top + (rows - 1) * legendRow
}

/** Style that every axis starts from. */
export const axisStyle = {
  nameLocation: 'middle',
  nameGap: 30,
  nameTextStyle: { color: ink, fontSize: 12 },
  axisLabel: { color: ink, fontSize: 11, hideOverlap: true },
  axisLine: { show: true, lineStyle: { color: ink } },
  splitLine: { lineStyle: { color: '#e2e2e2' } }
}

/** An axis of values with its label. */
export function valueAxis({ label, log = false, min, max }: Axis): Record<string, unknown> {
  return {
    type: log ? 'log' : 'value',
    name: label,
    scale: true,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    axisLabel: { ...axisStyle.axisLabel, formatter: shortNumber }
  }
}

/** 1234567 -> 1.23M, with three significant digits. */
export function shortNumber(value: number): string {
  const magnitude = Math.abs(value)
  for (const [unit, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k']
  ] as const) {
    if (magnitude >= unit) return `${Number((value / unit).toPrecision(3))}${letter}`
  }
  return String(Number(value.toPrecision(3)))
}

/** Points of a figure. */
export interface PointSeries {
  name: string
  points: readonly (readonly [number, number])[]
  /** Low and high ends per point, drawn as a thin bar. */
  bars?: readonly (readonly [number, number])[]
}

/** Least width of an axis around its values, by the largest of them. */
const narrowest = 1e-3
/** Axes of values that all stay below this, which are 0 up to rounding, reach from 0 to 1. */
const nothing = 1e-9

/** Predicted against measured with the diagonal; logarithmic where the values span more than a decade. */
export function scatterPanel(title: string, unit: string, series: readonly PointSeries[]): Panel {
  const values = series.flatMap(({ points }) => points.flat()).filter((value) => value > 0)
  const [low, high] = [reduceMin(values), reduceMax(values)]
  const log = high > 10 * low
  // Values that are equal up to rounding get an axis of some width: ECharts finds no ticks on one of none.
  const beside = Math.max(0.05 * (high - low), narrowest * high)
  const ends = log ? [low / 1.2, high * 1.2] : [Math.max(0, low - beside), high + beside]
  const axis = (label: string): Record<string, unknown> =>
    valueAxis({ label: `${label}, ${unit}`, log, min: ends[0] ?? 1, max: ends[1] ?? 10 })
  return {
    title,
    x: axis('measured'),
    y: axis('predicted'),
    series: [
      ...series.flatMap((one, at) => [...barsOf(one, at), dots(one, at)]),
      {
        type: 'line',
        data: ends.map((end) => [end, end]),
        symbol: 'none',
        lineStyle: { color: ink, width: 1, type: 'dashed' }
      }
    ]
  }
}

/** Points over any two axes; `zeroLine` adds a line at y = 0. */
export function pointsPanel(
  title: string,
  x: Axis,
  y: Axis,
  series: readonly PointSeries[],
  zeroLine = false
): Panel {
  return {
    title,
    x: valueAxis(x),
    y: valueAxis(y),
    series: series.map((one, at) => ({
      ...dots(one, at),
      ...(zeroLine && at === 0
        ? {
            markLine: {
              symbol: 'none',
              label: { show: false },
              lineStyle: { color: ink, type: 'solid' },
              data: [{ yAxis: 0 }]
            }
          }
        : {})
    }))
  }
}

function dots({ name, points }: PointSeries, at: number): Record<string, unknown> {
  return {
    type: 'scatter',
    name,
    data: points,
    symbolSize: 5,
    itemStyle: { color: figureColors[at % figureColors.length], opacity: 0.65 }
  }
}

function barsOf({ points, bars }: PointSeries, at: number): Record<string, unknown>[] {
  if (bars === undefined) return []
  return points.map(([x], point) => ({
    type: 'line',
    data: [
      [x, bars[point]?.[0]],
      [x, bars[point]?.[1]]
    ],
    symbol: 'none',
    lineStyle: { color: figureColors[at % figureColors.length], width: 1, opacity: 0.2 }
  }))
}

/** A curve of a figure, with a band of the deviation where there is one. */
export interface CurveSeries {
  name: string
  points: readonly { x: number; y: number; deviation?: number }[]
}

/** Lines with markers and, where given, bars of one standard deviation. */
export function curvePanel(title: string, x: Axis, y: Axis, series: readonly CurveSeries[]): Panel {
  return {
    title,
    x: valueAxis(x),
    y: valueAxis(y),
    series: series.flatMap(({ name, points }, at) => {
      const color = figureColors[at % figureColors.length]
      const line = {
        type: 'line',
        name,
        data: points.map((point) => [point.x, point.y]),
        symbolSize: 6,
        lineStyle: { color, width: 2, type: at < figureColors.length ? 'solid' : 'dashed' },
        itemStyle: { color }
      }
      const bars = points.flatMap((point) =>
        point.deviation === undefined || point.deviation === 0
          ? []
          : [
              {
                type: 'line',
                data: [
                  [point.x, Math.max(point.y - point.deviation, y.log === true ? point.y / 10 : -Infinity)],
                  [point.x, point.y + point.deviation]
                ],
                symbol: 'none',
                lineStyle: { color, width: 1, opacity: 0.6 }
              }
            ]
      )
      return [line, ...bars]
    })
  }
}

/** Opacity of what rests on figures that must not be quoted. */
export const pale = 0.35

/** Bars of one series, a value per category; NaN draws none, `isDoubtful` draws them pale. */
export interface BarSeries {
  name: string
  values: readonly number[]
  isDoubtful?: boolean
}

/** Vertical bars, a group per category. */
export function barPanel(
  title: string,
  label: string,
  categories: readonly string[],
  series: readonly BarSeries[],
  categoryLabel = ''
): Panel {
  return {
    title,
    x: {
      type: 'category',
      data: categories,
      name: categoryLabel,
      // Names may have two lines; without a canvas their height is not known.
      axisLabel: { ...axisStyle.axisLabel, interval: 0, lineHeight: 14 }
    },
    y: valueAxis({ label, min: 0 }),
    series: series.map(({ name, values, isDoubtful }, at) => ({
      type: 'bar',
      name,
      data: values,
      itemStyle: {
        color: figureColors[at % figureColors.length],
        ...(isDoubtful === true ? { opacity: pale } : {})
      },
      label: {
        show: categories.length * series.length <= 16,
        position: 'top',
        fontSize: 10,
        formatter: labelOf
      }
    }))
  }
}

function labelOf({ value }: { value: number }): string {
  return shortNumber(value)
}

/** Horizontal bars, the first on top. */
export function rankPanel(
  title: string,
  label: string,
  bars: readonly { name: string; value: number }[]
): Panel {
  return {
    title,
    x: valueAxis({ label, min: 0 }),
    y: {
      type: 'category',
      inverse: true,
      data: bars.map((bar) => bar.name),
      nameGap: 0,
      axisLabel: { ...axisStyle.axisLabel, width: 70, overflow: 'break', interval: 0 }
    },
    series: [
      {
        type: 'bar',
        data: bars.map((bar) => bar.value),
        itemStyle: { color: figureColors[2] },
        label: { show: true, position: 'right', fontSize: 10, formatter: labelOf }
      }
    ]
  }
}

/** Histogram with `bins` equal bins. */
export function histogramPanel(title: string, label: string, values: readonly number[], bins = 30): Panel {
  const [low, high] = [reduceMin(values), reduceMax(values)]
  const width = isNothing(values) ? 1 / bins : (high - low) / bins || 1
  const counts = new Array<number>(bins).fill(0)
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor((value - low) / width))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return {
    title,
    x: {
      type: 'category',
      name: label,
      data: counts.map((_, bin) => shortNumber(low + (bin + 0.5) * width))
    },
    y: valueAxis({ label: 'samples', min: 0 }),
    series: [{ type: 'bar', data: counts, barCategoryGap: '4%', itemStyle: { color: figureColors[0] } }]
  }
}

/** Box per category: quartiles, whiskers at the 5th and 95th percentile. */
export function boxPanel(
  title: string,
  label: string,
  groups: readonly { name: string; values: readonly number[] }[],
  categoryLabel = ''
): Panel {
  const at = (sorted: readonly number[], share: number): number =>
    sorted[Math.round(share * (sorted.length - 1))] ?? 0
  return {
    title,
    x: { type: 'category', data: groups.map((group) => group.name), name: categoryLabel },
    y: valueAxis({ label, ...(groups.every(({ values }) => isNothing(values)) ? { min: 0, max: 1 } : {}) }),
    series: [
      {
        type: 'boxplot',
        itemStyle: { color: '#cfe3f1', borderColor: figureColors[0] },
        data: groups.map(({ values }) => {
          const sorted = [...values].sort((a, b) => a - b)
          return [0.05, 0.25, 0.5, 0.75, 0.95].map((share) => at(sorted, share))
        })
      }
    ]
  }
}

const isNothing = (values: readonly number[]): boolean => values.every((value) => Math.abs(value) < nothing)

function reduceMin(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Infinity)
}

function reduceMax(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), -Infinity)
}
