import { describe, expect, it } from 'vitest'
import { figureColors } from '@main/figures/charts'
import { correlationColor, correlationPanel } from '@main/figures/correlationChart'
import type { DrawApi } from '@main/figures/drawApi'
import { intervalBarPanel, labelledPointsPanel, type IntervalValue } from '@main/figures/intervalCharts'

/** What a custom series draws: axes with 100 px to a unit across and 10 px upwards to a unit. */
const drawing = (values: readonly number[]): DrawApi => ({
  value: (dimension) => values[dimension],
  coord: ([x, y]) => [100 * x, -10 * y],
  size: ([width, height]) => [100 * width, 10 * height]
})
interface Custom {
  data: number[][]
  renderItem(
    params: { dataIndex: number },
    api: DrawApi
  ): { children: Record<string, Record<string, unknown>>[] }
}
const figure = (value: number, low: number | null = null, high: number | null = null): IntervalValue => ({
  value,
  low,
  high
})
const endsOf = (axis: Record<string, unknown>): unknown[] => [axis['min'], axis['max']]

describe('bars with intervals', () => {
  const bars = (figures: (IntervalValue | null)[]) =>
    intervalBarPanel(
      'Title',
      'ms',
      figures.map((one, at) => ({ name: `bar ${at}`, figure: one }))
    )

  it('have a bar per value, its name alone where there is none, and a whisker per interval', () => {
    const { x, y, series } = bars([figure(4, 3, 5), null, figure(2)])
    expect(x['data']).toEqual(['bar 0', 'bar 1', 'bar 2'])
    expect(y['name']).toBe('ms')
    expect((series[0]['data'] as { value: unknown }[]).map(({ value }) => value)).toEqual([4, null, 2])
    expect((series[1] as unknown as Custom).data).toEqual([[0, 3, 0, 5]])
    // Times are not negative.
    expect(endsOf(y)).toEqual([0, undefined])
  })

  it('end at twice the largest bar where an interval is longer or open, and cut below 0', () => {
    expect(endsOf(bars([figure(4, -3, 8), figure(1)]).y)).toEqual([0, undefined])
    const long = bars([figure(4, -3, 8.1), figure(1)])
    expect(endsOf(long.y)).toEqual([0, 8])
    expect((long.series[1] as unknown as Custom).data).toEqual([[0, 0, 0, 8.1]])
    const open = bars([figure(4, 3, null), figure(1)])
    expect(endsOf(open.y)).toEqual([0, 8])
    expect((open.series[1] as unknown as Custom).data).toEqual([[0, 3, 0, 8]])
    const negative = bars([figure(-1, -2, 0), figure(1)])
    expect(endsOf(negative.y)).toEqual([undefined, undefined])
    expect((negative.series[1] as unknown as Custom).data).toEqual([[0, -2, 0, 0]])
    expect(endsOf(bars([figure(0, 0, 3)]).y)).toEqual([0, undefined])
  })

  it('show doubtful values pale, numbers up to twelve bars, and the end of a long name', () => {
    const { series } = bars([{ ...figure(1), isDoubtful: true }, figure(1)])
    const [pale, full] = series[0]['data'] as { itemStyle: { opacity: number; color: string } }[]
    expect(pale.itemStyle.opacity).toBeLessThan(1)
    expect(full.itemStyle).toEqual({ opacity: 1, color: figureColors[0] })
    const labelOf = (count: number) =>
      bars(Array.from({ length: count }, () => figure(1500))).series[0]['label'] as {
        show: boolean
        formatter(of: { value: number | null }): string
      }
    expect([labelOf(12).show, labelOf(13).show]).toEqual([true, false])
    expect([labelOf(1).formatter({ value: 1500 }), labelOf(1).formatter({ value: null })]).toEqual([
      '1.5k',
      ''
    ])
    const named = (name: string) => intervalBarPanel('T', 'ms', [{ name, figure: null }], true).x['data']
    expect(named('sixteen-letters.')).toEqual(['sixteen-letters.'])
    expect(named('layer.of.seventeen')).toEqual(['…er.of.seventeen'])
  })

  it('draw whiskers with strokes of 6 px to either side, of 3 among many', () => {
    const drawn = (count: number) => {
      const { series } = bars(Array.from({ length: count }, () => figure(4, 3, 5)))
      return (series[1] as unknown as Custom).renderItem({ dataIndex: 0 }, drawing([1, 3, 1, 5]))
    }
    const shapes = (count: number) => drawn(count).children.map(({ shape }) => shape)
    expect(shapes(16)).toEqual([
      { x1: 100, y1: -30, x2: 100, y2: -50 },
      { x1: 94, y1: -30, x2: 106, y2: -30 },
      { x1: 94, y1: -50, x2: 106, y2: -50 }
    ])
    expect(shapes(17)[1]).toEqual({ x1: 97, y1: -30, x2: 103, y2: -30 })
  })
})

describe('points with intervals', () => {
  const panelOf = (points: [IntervalValue, IntervalValue][], axis = {}) =>
    labelledPointsPanel('Title', { label: 'J', ...axis }, { label: 'nats' }, [
      { name: 'a', points: points.map(([x, y]) => ({ name: '', x, y })) }
    ])

  it('leave room around all intervals: 8 % of the span below and 12.8 % above, not below 0', () => {
    const { x, y } = panelOf([
      [figure(30, 20, 40), figure(-5)],
      [figure(100, 90, 120), figure(5)]
    ])
    // 20 to 120: 8 of 100 below, 12.8 above. -5 to 5: 0.8 and 1.28.
    expect(endsOf(x)).toEqual([12, 132.8])
    expect(endsOf(y)).toEqual([-5.8, 6.28])
    expect(
      endsOf(
        panelOf([
          [figure(1), figure(0)],
          [figure(101), figure(0)]
        ]).x
      )
    ).toEqual([0, 113.8])
    // One value alone: 8 % of itself, and of 1 at 0.
    expect(endsOf(panelOf([[figure(50), figure(0)]]).x)).toEqual([46, 56.4])
    expect(endsOf(panelOf([[figure(50), figure(0)]]).y)).toEqual([0, 0.128])
    expect(endsOf(panelOf([[figure(50), figure(0)]], { min: 1, max: 2 }).x)).toEqual([1, 2])
  })

  it('do not make room for a doubtful interval, and are pale', () => {
    const { x, series } = panelOf([
      [{ value: 10, low: 0, high: 1e6, isDoubtful: true }, figure(1)],
      [figure(20), figure(1)]
    ])
    expect(endsOf(x)).toEqual([9.2, 21.28])
    const opacities = (series[1]['data'] as { itemStyle: { opacity: number } }[]).map(
      ({ itemStyle }) => itemStyle.opacity
    )
    expect(opacities[0]).toBeLessThan(opacities[1])
  })

  it('have whiskers across and upwards where both ends are known', () => {
    const { series } = panelOf([
      [figure(3, 2, 4), figure(7, 6, 9)],
      [figure(5, 4, null), figure(8, null, 9)]
    ])
    const custom = series[0] as unknown as Custom
    expect(custom.data).toEqual([
      [2, 7, 4, 7],
      [3, 6, 3, 9]
    ])
    const shapes = custom
      .renderItem({ dataIndex: 0 }, drawing([2, 7, 4, 7]))
      .children.map(({ shape }) => shape)
    expect(shapes).toEqual([
      { x1: 200, y1: -70, x2: 400, y2: -70 },
      { x1: 200, y1: -73, x2: 200, y2: -67 },
      { x1: 400, y1: -73, x2: 400, y2: -67 }
    ])
  })

  it('have a colour and a symbol per group, from the first on again after the last', () => {
    const groups = Array.from({ length: 9 }, (_, at) => ({
      name: `g${at}`,
      points: [{ name: at === 0 ? 'conv1' : '', x: figure(1), y: figure(2) }]
    }))
    const { series } = labelledPointsPanel('T', { label: 'x' }, { label: 'y' }, groups)
    const drawn = series.slice(1)
    expect(drawn.map(({ symbol }) => symbol)).toEqual([
      ...['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'emptyCircle', 'circle', 'rect', 'triangle']
    ])
    expect(drawn.map(({ itemStyle }) => (itemStyle as { color: string }).color)).toEqual([
      ...figureColors,
      figureColors[0]
    ])
    const labels = drawn.map(({ data }) => (data as { label: { show: boolean } }[])[0].label.show)
    expect(labels).toEqual([true, ...Array.from({ length: 8 }, () => false)])
  })
})

describe('a matrix of correlations', () => {
  it('is blue towards 1, orange towards -1, white at 0 and grey where there is none', () => {
    expect([1, -1, 0, null].map(correlationColor)).toEqual([
      ...['rgb(0,114,178)', 'rgb(213,94,0)', 'rgb(255,255,255)', '#eeeeee']
    ])
    // Halfway: 255 - 127.5, 255 - 70.5, 255 - 38.5.
    expect(correlationColor(0.5)).toBe('rgb(128,185,217)')
    expect(correlationColor(-2)).toBe('rgb(213,94,0)')
  })

  it('has a cell with a number in the middle and a note below it', () => {
    const { x, y, series } = correlationPanel(
      'T',
      ['a', 'b'],
      [
        { row: 0, column: 1, value: 0.666, note: 'p<.001' },
        { row: 1, column: 0, value: -0.65, note: '' },
        { row: 1, column: 1, value: null, note: '' }
      ]
    )
    expect([x['data'], y['inverse']]).toEqual([['a', 'b'], true])
    const custom = series[0] as unknown as Custom
    expect(custom.data).toEqual([
      [1, 0],
      [0, 1],
      [1, 1]
    ])
    const cell = (dataIndex: number) =>
      custom.renderItem({ dataIndex }, drawing(custom.data[dataIndex])).children
    const [rect, value, note] = cell(0)
    // 100 px by 10 px around (100, 0), half a pixel less on every side.
    expect(rect['shape']).toEqual({ x: 50.5, y: -4.5, width: 99, height: 9 })
    expect(rect['style']).toEqual({ fill: correlationColor(0.666) })
    expect(value['style']).toMatchObject({ text: '0.67', x: 100, y: -5, fill: '#ffffff' })
    expect(note['style']).toMatchObject({ text: 'p<.001', x: 100, y: 7, fill: '#ffffff' })
    // Dark words on light cells.
    expect(cell(1).map(({ style }) => style['fill'])).toEqual([correlationColor(-0.65), '#333333'])
    expect(cell(1)[1]['style']).toMatchObject({ text: '-0.65', x: 0, y: -10 })
    expect(cell(2)[1]['style']).toMatchObject({ text: '–', fill: '#333333' })
  })
})
