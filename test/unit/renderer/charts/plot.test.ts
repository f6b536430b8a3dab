import { describe, expect, it } from 'vitest'
import { toCsv } from '@renderer/charts/files/csv'
import { fileName } from '@renderer/charts/files/save'
import { limitsWithoutOutliers } from '@renderer/charts/outliers'
import { plotCsv, plotRows } from '@renderer/charts/plot/plotRows'
import { plotChoices, wholeView, zoomable, zoomedBy } from '@renderer/charts/plot/zoomable'

const scatter = (data: unknown): Record<string, unknown> => ({
  xAxis: { type: 'value', name: 'cost' },
  yAxis: { type: 'value', name: 'accuracy', min: 0 },
  series: [{ name: 'w8a8', data, dimensions: ['x', 'y'] }]
})

describe('CSV', () => {
  it('quotes commas, quotes and line ends, and leaves cells without a number empty', () => {
    expect(
      toCsv(
        ['a,b', 'c'],
        [
          ['say "x"', 0.1 + 0.2],
          ['two\nlines', null],
          ['', NaN]
        ]
      )
    ).toBe('"a,b",c\r\n"say ""x""",0.30000000000000004\r\n"two\nlines",\r\n,\r\n')
  })

  it('names files by their chart', () => {
    expect(fileName('Power of run 1/2', 'csv')).toBe('power-of-run-1-2.csv')
    expect(fileName('功率', 'png')).toBe('功率.png')
    expect(fileName('../..', 'svg')).toBe('chart.svg')
  })
})

describe('the points of a chart', () => {
  it('reads pairs, objects, flat arrays and bars over names alike', () => {
    const expected = [
      { series: 'w8a8', x: 1, y: 2, upper: null },
      { series: 'w8a8', x: 3, y: 4, upper: null }
    ]
    expect(
      plotRows(
        scatter([
          [1, 2],
          [3, 4]
        ])
      )
    ).toEqual(expected)
    expect(plotRows(scatter([{ value: [1, 2] }, { value: [3, 4] }]))).toEqual(expected)
    expect(plotRows(scatter(Float64Array.of(1, 2, 3, 4)))).toEqual(expected)
    expect(
      plotRows({
        xAxis: { type: 'category', data: ['conv', 'fc'] },
        series: [{ name: 'cost', data: ['-', 7] }]
      })
    ).toEqual([{ series: 'cost', x: 'fc', y: 7, upper: null }])
  })

  it('leaves out what is no point: spreads, NaN, empty bars', () => {
    expect(
      plotRows({
        series: [
          { stack: 'band', data: [[1, 2]] },
          {
            data: [
              [NaN, 1],
              [1, null]
            ]
          }
        ]
      })
    ).toEqual([])
    expect(plotRows({})).toEqual([])
  })

  it('writes the window alone, borders included, and both ends of intervals', () => {
    const option = scatter([
      [1, 2],
      [3, 4],
      [5, 6]
    ])
    expect(plotCsv(option, { x: [3, 9], y: [0, 4] })).toBe('series,cost,accuracy\r\nw8a8,3,4\r\n')
    const bars = { ...option, series: [{ name: 'interval', data: [[1, 2, 5]] }] }
    expect(plotCsv(bars, null)).toBe('series,cost,accuracy,upper end\r\ninterval,1,2,5\r\n')
  })
})

describe('an axis without outliers', () => {
  it('keeps everything within three middle halves, with 5 % of room', () => {
    // Quartiles 2.25 and 6.75 (type 7): the fences stand at -11.25 and 20.25.
    const values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 1000]
    const limits = limitsWithoutOutliers(values)
    expect(limits?.outside).toBe(1)
    expect(limits?.low).toBeCloseTo(-0.4, 12)
    expect(limits?.high).toBeCloseTo(8.4, 12)
  })

  it('is not needed without outliers, nor offered where most values are equal', () => {
    expect(limitsWithoutOutliers([0, 1, 2, 3, 4])).toBeNull()
    expect(limitsWithoutOutliers([5, 5, 5, 5, 5, 9])).toBeNull()
    expect(limitsWithoutOutliers([NaN, Infinity])).toBeNull()
  })
})

describe('looking closer', () => {
  it('offers logarithms only above zero', () => {
    expect(
      plotChoices(
        scatter([
          [1, 2],
          [3, 4]
        ])
      )
    ).toMatchObject({ logX: true, logY: true, outliers: 0 })
    expect(
      plotChoices(
        scatter([
          [0, 2],
          [3, 4]
        ])
      )
    ).toMatchObject({ logX: false, logY: true })
    expect(plotChoices(scatter([]))).toMatchObject({ logX: false, logY: false })
    expect(plotChoices({ ...scatter([[1, 2]]), xAxis: { type: 'category', data: ['a', 'b'] } }).logX).toBe(
      false
    )
  })

  it('takes the axis from zero away under a logarithm, and keeps zoom and legend', () => {
    const view = { ...wholeView(), logY: true, zoomX: [10, 20] as [number, number], shown: { w8a8: false } }
    const option = zoomable({ ...scatter([[1, 2]]), legend: { top: 0 } }, view)
    expect(option['yAxis']).toMatchObject({ type: 'log', min: undefined })
    expect(option['xAxis']).toMatchObject({ type: 'value' })
    expect(option['legend']).toEqual({ top: 0, selected: { w8a8: false } })
    expect(option['dataZoom']).toMatchObject([
      { id: 'x', start: 10, end: 20, filterMode: 'none' },
      { id: 'y', start: 0, end: 100 }
    ])
  })

  it('zooms around the middle and stops at the edges', () => {
    expect(zoomedBy([0, 100], 2)).toEqual([25, 75])
    expect(zoomedBy([0, 20], 0.5)).toEqual([0, 40])
    expect(zoomedBy([90, 100], 0.25)).toEqual([60, 100])
    expect(zoomedBy([25, 75], 0.1)).toEqual([0, 100])
  })
})
