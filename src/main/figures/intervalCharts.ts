import { axisStyle, figureColors, ink, pale, shortNumber, valueAxis, type Axis, type Panel } from './charts'
import type { DrawApi } from './drawApi'

/** A value with the ends of its interval; `isDoubtful` draws it pale. */
export interface IntervalValue {
  value: number
  low: number | null
  high: number | null
  isDoubtful?: boolean
}

/** The end of a long name: layers differ there. */
function shortName(name: string): string {
  return name.length <= maxRotatedName ? name : `…${name.slice(1 - maxRotatedName)}`
}

/** As much as fits below the axis at 40 degrees. */
const maxRotatedName = 16

/** Vertical bars with their intervals; a bar without a value is left out and its name kept. */
export function intervalBarPanel(
  title: string,
  label: string,
  bars: readonly { name: string; figure: IntervalValue | null; color?: string }[],
  rotate = false
): Panel {
  const ends = barEnds(bars.flatMap(({ figure }) => (figure === null ? [] : [figure])))
  return {
    title,
    x: {
      type: 'category',
      data: bars.map((bar) => (rotate ? shortName(bar.name) : bar.name)),
      axisLabel: {
        ...axisStyle.axisLabel,
        interval: 0,
        hideOverlap: false,
        lineHeight: 14,
        ...(rotate ? { rotate: 40, fontSize: 9 } : {})
      }
    },
    y: endlessAxis({ label, ...ends }),
    series: [
      {
        type: 'bar',
        barMaxWidth: 54,
        data: bars.map(({ figure, color }) => ({
          value: figure?.value ?? null,
          itemStyle: { color: color ?? figureColors[0], opacity: figure?.isDoubtful === true ? pale : 1 }
        })),
        label: {
          show: bars.length <= 12,
          position: 'insideBottom',
          fontSize: 10,
          color: ink,
          backgroundColor: 'rgba(255,255,255,0.75)',
          padding: [1, 3],
          formatter: ({ value }: { value: number | null }) => (value === null ? '' : shortNumber(value))
        }
      },
      whiskers(
        bars.flatMap(({ figure }, at) =>
          figure == null || figure.low === null
            ? []
            : [
                [
                  at,
                  Math.max(figure.low, ends.min ?? figure.low),
                  at,
                  figure.high ?? ends.max ?? figure.value
                ]
              ]
        ),
        bars.length > 16 ? 3 : 6
      )
    ]
  }
}

/** A whisker may be this many times as long as the largest bar; a longer one leaves the panel. */
const maxWhisker = 2

/** Ends of the axis: by the values and the intervals that are not doubtful, and by long intervals up to a limit. */
function barEnds(figures: readonly IntervalValue[]): { min?: number; max?: number } {
  const values = figures.map((figure) => figure.value)
  if (values.some((value) => value < 0)) return {}
  const most = Math.max(...values)
  const highest = Math.max(
    most,
    ...figures.map((figure) => figure.high ?? (figure.low === null ? most : Infinity))
  )
  // Times, energies and ratios are not negative: the lower end of a wide interval is cut at 0.
  return highest <= maxWhisker * most || most === 0 ? { min: 0 } : { min: 0, max: maxWhisker * most }
}

/** Lines from (a, b) to (c, d) with end strokes `cap` px to either side, across the line. */
function whiskers(lines: readonly (readonly number[])[], cap: number): Record<string, unknown> {
  return {
    type: 'custom',
    data: lines,
    encode: { x: [0, 2], y: [1, 3] },
    clip: true,
    z: 5,
    renderItem: (_: unknown, api: DrawApi) => {
      const [x1, y1] = api.coord([api.value(0), api.value(1)])
      const [x2, y2] = api.coord([api.value(2), api.value(3)])
      const style = { stroke: ink, lineWidth: 1 }
      const isUpright = api.value(0) === api.value(2)
      const stroke = (x: number, y: number) => ({
        type: 'line',
        shape: isUpright
          ? { x1: x - cap, y1: y, x2: x + cap, y2: y }
          : { x1: x, y1: y - cap, x2: x, y2: y + cap },
        style
      })
      return {
        type: 'group',
        children: [{ type: 'line', shape: { x1, y1, x2, y2 }, style }, stroke(x1, y1), stroke(x2, y2)]
      }
    }
  }
}

/** A point with intervals in both directions. */
export interface LabelledPoint {
  /** Written beside the point; empty for none. */
  name: string
  x: IntervalValue
  y: IntervalValue
}

/** Points with intervals in both directions, a colour and a symbol per group. */
export function labelledPointsPanel(
  title: string,
  x: Axis,
  y: Axis,
  groups: readonly { name: string; color?: string; points: readonly LabelledPoint[] }[]
): Panel {
  const all = groups.flatMap((group) => group.points)
  const ends = (read: (point: LabelledPoint) => IntervalValue): [number, number] => {
    const values = all.flatMap((point) => {
      const { value, low, high, isDoubtful } = read(point)
      // The interval of a doubtful figure may be so wide that nothing else could be seen.
      return isDoubtful === true ? [value] : [value, low ?? value, high ?? value]
    })
    const [low, high] = [Math.min(...values), Math.max(...values)]
    const room = 0.08 * (high - low || Math.abs(high) || 1)
    return [low >= 0 ? Math.max(0, low - room) : low - room, high + 1.6 * room]
  }
  const [xEnds, yEnds] = [ends((point) => point.x), ends((point) => point.y)]
  return {
    title,
    x: endlessAxis({ min: xEnds[0], max: xEnds[1], ...x }),
    y: endlessAxis({ min: yEnds[0], max: yEnds[1], ...y }),
    series: [
      whiskers(
        all.flatMap(({ x: across, y: up }) => [
          ...(across.low === null || across.high === null
            ? []
            : [[across.low, up.value, across.high, up.value]]),
          ...(up.low === null || up.high === null ? [] : [[across.value, up.low, across.value, up.high]])
        ]),
        3
      ),
      ...groups.map(({ name, points, color }, at) => ({
        type: 'scatter',
        name,
        symbol: symbols[at % symbols.length],
        symbolSize: 9,
        itemStyle: { color: color ?? figureColors[at % figureColors.length] },
        z: 6,
        data: points.map((point) => ({
          value: [point.x.value, point.y.value],
          itemStyle: {
            color: color ?? figureColors[at % figureColors.length],
            opacity: point.x.isDoubtful === true || point.y.isDoubtful === true ? pale : 0.9
          },
          label: { show: point.name !== '', formatter: point.name, position: 'top', fontSize: 10, color: ink }
        }))
      }))
    ]
  }
}

/** An axis between ends that are no round numbers: without their labels, and drawn at the edge. */
function endlessAxis(axis: Axis): Record<string, unknown> {
  const found = valueAxis(axis)
  const labels = found['axisLabel'] as Record<string, unknown>
  return {
    ...found,
    axisLabel: {
      ...labels,
      showMinLabel: axis.min === undefined || axis.min === 0,
      showMaxLabel: axis.max === undefined
    },
    axisLine: { ...axisStyle.axisLine, onZero: false }
  }
}

const symbols = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'emptyCircle']
