import { limitsWithoutOutliers } from '../outliers'
import { axesOf, plotRows, type PlotRow } from './plotRows'

/** How a chart is looked at, whatever it shows. Zooms are percents of the axis, as ECharts keeps them. */
export interface PlotView {
  logX: boolean
  logY: boolean
  /** The value axis leaves outliers out. */
  calm: boolean
  zoomX: [number, number]
  zoomY: [number, number]
  /** Series switched off in the legend are false. */
  shown: Record<string, boolean>
}

/** The whole chart, nothing switched. */
export function wholeView(): PlotView {
  return { logX: false, logY: false, calm: false, zoomX: [0, 100], zoomY: [0, 100], shown: {} }
}

/** What can be switched in a chart with these values. */
export interface PlotChoices {
  logX: boolean
  logY: boolean
  /** Values left out when outliers are ignored; 0: there are none. */
  outliers: number
}

/** Logarithmic axes need values above zero on axes of numbers. */
export function plotChoices(option: Record<string, unknown>): PlotChoices {
  const rows = plotRows(option)
  const { x, y } = axesOf(option)
  const positive = (of: (row: PlotRow) => number | string): boolean =>
    rows.length > 0 && rows.every((row) => Number(of(row)) > 0)
  return {
    logX: x.type === 'value' && positive((row) => row.x),
    logY: y.type === 'value' && positive((row) => row.y),
    outliers: limitsWithoutOutliers(rows.map(({ y: value }) => value))?.outside ?? 0
  }
}

/** Returns the option with zoom by wheel and drag on both axes, as the view wants its axes and legend. */
export function zoomable(option: Record<string, unknown>, view: PlotView): Record<string, unknown> {
  const { x, y } = axesOf(option)
  const calm = view.calm ? limitsWithoutOutliers(plotRows(option).map((row) => row.y)) : null
  const limits =
    calm === null ? {} : { min: view.logY && calm.low <= 0 ? undefined : calm.low, max: calm.high }
  const inside = { type: 'inside', filterMode: 'none', zoomOnMouseWheel: true, moveOnMouseMove: true }
  return {
    ...option,
    xAxis: { ...x, ...(view.logX ? logarithmic : {}) },
    yAxis: { ...y, ...(view.logY ? logarithmic : {}), ...limits },
    dataZoom: [
      { ...inside, id: 'x', xAxisIndex: 0, start: view.zoomX[0], end: view.zoomX[1] },
      { ...inside, id: 'y', yAxisIndex: 0, start: view.zoomY[0], end: view.zoomY[1] }
    ],
    // ECharts zooms to a dragged rectangle only through its toolbox, which itself stays out of sight.
    toolbox: { itemSize: 0, left: -100, feature: { dataZoom: { filterMode: 'none', title: {} } } },
    ...(option['legend'] === undefined
      ? {}
      : { legend: { ...(option['legend'] as object), selected: view.shown } })
  }
}

const logarithmic = { type: 'log', min: undefined }

/** Returns the percents after zooming by `factor` (above 1: closer) around the middle, never beyond the whole. */
export function zoomedBy([start, end]: [number, number], factor: number): [number, number] {
  const middle = (start + end) / 2
  const half = Math.min(50, (end - start) / 2 / factor)
  const from = Math.min(100 - 2 * half, Math.max(0, middle - half))
  return [from, from + 2 * half]
}
