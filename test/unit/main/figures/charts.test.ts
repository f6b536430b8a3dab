import { describe, expect, it } from 'vitest'
import {
  barPanel,
  boxPanel,
  curvePanel,
  figureColors,
  figureOf,
  histogramPanel,
  pointsPanel,
  rankPanel,
  scatterPanel,
  shortNumber,
  valueAxis,
  type Panel
} from '@main/figures/charts'

type Box = { left: number; top: number; width: number; height: number }
type Option = {
  grid: Box[]
  title: (Box & { textStyle: { fontSize: number } })[]
  legend: { data: string[] }[]
  series: Record<string, unknown>[]
}
const optionOf = (panels: Panel[], columns?: number): Option =>
  figureOf('f', panels, columns).option as unknown as Option
const bar = (names: string[] = ['a'], title = 't'): Panel =>
  barPanel(
    title,
    'ms',
    ['x'],
    names.map((name) => ({ name, values: [1] }))
  )
const dataOf = (panel: Panel): unknown[] => panel.series.map((one) => one['data'])

describe('panels of a figure', () => {
  it('stand in rows of two, or of as many as are requested', () => {
    const three = figureOf('f', [bar(), bar(), bar()])
    expect([three.width, three.height]).toEqual([2 * 560, 2 * 420])
    const { grid, title } = optionOf([bar(), bar(), bar()])
    const [first, second, third] = grid as [Box, Box, Box]
    expect([second.left - first.left, second.top - first.top]).toEqual([560, 0])
    expect([third.left - first.left, third.top - first.top]).toEqual([0, 420])
    expect([title[1]!.left - title[0]!.left, title[2]!.top - title[0]!.top]).toEqual([560, 420])
    const row = figureOf('f', [bar(), bar(), bar()], 3)
    expect([row.width, row.height]).toEqual([3 * 560, 420])
    expect([figureOf('f', [bar()]).width, figureOf('f', [bar()]).height]).toEqual([560, 420])
  })

  it('lie within their place, below title and legend', () => {
    for (const [at, { left, top, width, height }] of optionOf([bar(), bar(), bar()]).grid.entries()) {
      const [fromX, fromY] = [560 * (at % 2), 420 * Math.floor(at / 2)]
      expect(left).toBeGreaterThan(fromX)
      expect(left + width).toBeLessThan(fromX + 560)
      expect(top).toBeGreaterThan(fromY + 34)
      expect(top + height).toBeLessThan(fromY + 420)
    }
  })

  it('have a legend from two names on, which takes rows of its own from the plot', () => {
    const { legend, grid } = optionOf([
      bar(),
      bar(['a', 'b']),
      bar(Array.from({ length: 9 }, (_, at) => `a series with a long name ${at}`))
    ])
    expect(legend.map(({ data }) => data.length)).toEqual([0, 2, 9])
    const [one, two, many] = grid as [Box, Box, Box]
    expect([two.top, two.height]).toEqual([one.top, one.height])
    // Whole rows of 18.
    expect(one.height - many.height).toBeGreaterThan(0)
    expect((one.height - many.height) % 18).toBe(0)
    expect(many.top + many.height - 420).toBe(one.top + one.height)
  })

  it('set long titles smaller, between 9 and 15', () => {
    const sizeOf = (length: number): number =>
      optionOf([bar(['a'], 'n'.repeat(length))]).title[0]!.textStyle.fontSize
    expect([sizeOf(5), sizeOf(500)]).toEqual([15, 9])
    expect(sizeOf(60)).toBeGreaterThan(9)
    expect(sizeOf(60)).toBeLessThan(15)
  })

  it('draw each series in its own panel', () => {
    const { series } = optionOf([bar(['a', 'b']), bar()])
    expect(series.map((one) => [one['xAxisIndex'], one['yAxisIndex']])).toEqual([
      [0, 0],
      [0, 0],
      [1, 1]
    ])
  })
})

describe('axes', () => {
  it('are linear unless they are logarithmic, with the ends that are given', () => {
    expect(valueAxis({ label: 'ms' })).toMatchObject({ type: 'value', name: 'ms' })
    expect(valueAxis({ label: 'ms' })).not.toHaveProperty('min')
    expect(valueAxis({ label: 'ms', log: true, min: 1, max: 9 })).toMatchObject({
      type: 'log',
      min: 1,
      max: 9
    })
  })
  it('write numbers with three digits', () => {
    const numbers = [0, 0.001234, 999, 1000, 1234, -1234, 999_999, 1e6, 1.236e9]
    expect(numbers.map(shortNumber)).toEqual([
      ...['0', '0.00123', '999', '1k', '1.23k', '-1.23k', '1000k', '1M', '1.24G']
    ])
  })
})

describe('predicted against measured', () => {
  const endsOf = (...points: [number, number][]): unknown[] => {
    const panel = scatterPanel('t', 'ms', [{ name: 'a', points }])
    return [panel.x['type'], panel.x['min'], panel.x['max'], panel.y['min'], panel.y['max']]
  }
  it('is linear with 5 % beside the values, and logarithmic over more than a decade', () => {
    expect(endsOf([10, 20], [30, 15])).toEqual(['value', 9, 31, 9, 31])
    expect(endsOf([1, 10], [2, 3])[0]).toBe('value')
    const [type, low, high] = endsOf([1, 12], [6, 24])
    expect(type).toBe('log')
    expect(low).toBeCloseTo(1 / 1.2, 12)
    expect(high).toBeCloseTo(24 * 1.2, 12)
  })
  it('has an axis of some width where all values are one, and never below 0', () => {
    expect(endsOf([5, 5])).toEqual(['value', 4.995, 5.005, 4.995, 5.005])
    // What is not above 0 has no place on the axis.
    expect(endsOf([0, 10], [20, -3])).toEqual(['value', 9.5, 20.5, 9.5, 20.5])
  })
  it('has a diagonal, and a thin bar per interval', () => {
    const panel = scatterPanel('t', 'ms', [
      {
        name: 'a',
        points: [
          [10, 20],
          [30, 15]
        ],
        bars: [
          [18, 22],
          [14, 16]
        ]
      }
    ])
    expect(dataOf(panel)).toEqual([
      [
        [10, 18],
        [10, 22]
      ],
      [
        [30, 14],
        [30, 16]
      ],
      [
        [10, 20],
        [30, 15]
      ],
      [
        [9, 9],
        [31, 31]
      ]
    ])
  })
})

it('points have a line at 0 where it is requested, once', () => {
  const series = ['a', 'b'].map((name) => ({ name, points: [] }))
  const lines = (zeroLine?: boolean): boolean[] =>
    pointsPanel('t', { label: 'x' }, { label: 'y' }, series, zeroLine).series.map((one) => 'markLine' in one)
  expect([lines(), lines(true)]).toEqual([
    [false, false],
    [true, false]
  ])
})

it('curves have bars of one deviation either way, which stay above 0 on a logarithmic axis', () => {
  const series = [
    {
      name: 'a',
      points: [
        { x: 1, y: 10, deviation: 2 },
        { x: 2, y: 20, deviation: 0 },
        { x: 3, y: 30 },
        { x: 4, y: 10, deviation: 9.5 }
      ]
    }
  ]
  const bars = (log: boolean): unknown[] =>
    dataOf(curvePanel('t', { label: 'x' }, { label: 'y', log }, series)).slice(1)
  expect(bars(false)).toEqual([
    [
      [1, 8],
      [1, 12]
    ],
    [
      [4, 0.5],
      [4, 19.5]
    ]
  ])
  expect(bars(true)[1]).toEqual([
    [4, 1],
    [4, 19.5]
  ])
  const many = Array.from({ length: figureColors.length + 1 }, () => ({
    name: 'n',
    points: [{ x: 1, y: 1 }]
  }))
  const types = curvePanel('t', { label: 'x' }, { label: 'y' }, many).series.map(
    (one) => (one['lineStyle'] as { type: string }).type
  )
  expect([types.at(-2), types.at(-1)]).toEqual(['solid', 'dashed'])
})

it('bars are labelled where there are 16 at most, and pale where they are doubtful', () => {
  const shown = (categories: number, names: number): unknown =>
    (
      barPanel(
        't',
        'ms',
        Array.from({ length: categories }, String),
        Array.from({ length: names }, () => ({ name: 'n', values: [] }))
      ).series[0]!['label'] as { show: boolean }
    ).show
  expect([shown(8, 2), shown(17, 1)]).toEqual([true, false])
  const [sure, doubtful] = barPanel(
    't',
    'ms',
    ['x'],
    [
      { name: 'a', values: [1] },
      { name: 'b', values: [2], isDoubtful: true }
    ]
  ).series
  expect([sure!['itemStyle'], doubtful!['itemStyle']]).toEqual([
    { color: figureColors[0] },
    { color: figureColors[1], opacity: 0.35 }
  ])
})

it('ranks have the first bar on top', () => {
  const panel = rankPanel('t', 'ms', [
    { name: 'a', value: 3 },
    { name: 'b', value: 1 }
  ])
  expect(panel.y).toMatchObject({ inverse: true, data: ['a', 'b'] })
  expect(panel.x).toMatchObject({ min: 0 })
  expect(dataOf(panel)).toEqual([[3, 1]])
})

it('a histogram counts each value in a bin, the greatest in the last', () => {
  const panel = histogramPanel('t', '%', [0, 1, 2.5, 2.6, 9.9, 10], 4)
  // Bins of 2.5: their middles are 1.25, 3.75, 6.25, 8.75.
  expect(dataOf(panel)).toEqual([[2, 2, 0, 2]])
  expect(panel.x['data']).toEqual(['1.25', '3.75', '6.25', '8.75'])
  expect(dataOf(histogramPanel('t', '%', [7, 7], 3))).toEqual([[2, 0, 0]])
  // Rounding alone: bins of 1 / 2 from it on.
  const nothing = histogramPanel('t', '%', [0, 1e-12], 2)
  expect([dataOf(nothing), nothing.x['data']]).toEqual([[[2, 0]], ['0.25', '0.75']])
})

it('a box has the quartiles and the 5th and 95th percentile', () => {
  const values = Array.from({ length: 101 }, (_, at) => 100 - at)
  const panel = boxPanel('t', '%', [
    { name: 'a', values },
    { name: 'none', values: [] }
  ])
  expect(dataOf(panel)).toEqual([
    [
      [5, 25, 50, 75, 95],
      [0, 0, 0, 0, 0]
    ]
  ])
  expect(panel.y).not.toHaveProperty('max')
  expect(boxPanel('t', '%', [{ name: 'a', values: [1e-12, -1e-12] }]).y).toMatchObject({ min: 0, max: 1 })
})
