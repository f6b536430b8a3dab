import type uPlot from 'uplot'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRandom } from '@core/math/random'
import { columnLine } from '@renderer/charts/stream/columnLine'
import { drawEnvelope } from '@renderer/charts/stream/envelopePaths'

describe('a line with one point per pixel column', () => {
  const line = (times: number[], values: (number | null)[], pick: 'min' | 'max' | 'mean') =>
    columnLine(times, values, [0, times.length - 1], (time) => time, pick)

  it('keeps lone points as they are', () => {
    expect(line([0.5, 3, 7.25], [1, 2, 3], 'mean')).toEqual({ x: [0.5, 3, 7.25], y: [1, 2, 3] })
  })

  it('joins what falls into one column', () => {
    const [times, values] = [
      [0, 0.25, 0.5, 2],
      [4, 1, 7, 9]
    ]
    expect(line(times, values, 'min')).toEqual({ x: [0.25, 2], y: [1, 9] })
    expect(line(times, values, 'max')).toEqual({ x: [0.25, 2], y: [7, 9] })
    expect(line(times, values, 'mean')).toEqual({ x: [0.25, 2], y: [4, 9] })
  })

  it('breaks at gaps that reach into another column, and at no others', () => {
    expect(line([0, 1, 2, 3], [1, null, 3, 4], 'max').y).toEqual([1, null, 3, 4])
    expect(line([0, 0.2, 0.4, 1], [1, null, 3, 4], 'max').y).toEqual([3, 4])
    expect(line([0, 1, 2], [null, 1, null], 'max')).toEqual({ x: [1], y: [1] })
    expect(line([0, 1], [null, null], 'max')).toEqual({ x: [], y: [] })
  })

  it('has the extremes of every column of random readings', () => {
    const random = createRandom(7)
    const times = Array.from({ length: 5000 }, () => random.next() * 300).sort((a, b) => a - b)
    const values = times.map(() => random.next())
    const [low, high] = [line(times, values, 'min'), line(times, values, 'max')]
    const columns = new Set(times.map(Math.floor))
    expect(low.x).toHaveLength(columns.size)
    expect(high.x).toEqual(low.x)
    for (const [at, x] of low.x.entries()) {
      const inside = values.filter((_, index) => Math.floor(times[index]!) === Math.floor(x))
      expect(low.y[at]).toBe(Math.min(...inside))
      expect(high.y[at]).toBe(Math.max(...inside))
    }
  })
})

describe('the filled envelope', () => {
  beforeEach(() => {
    vi.stubGlobal('devicePixelRatio', 1)
    vi.stubGlobal(
      'Path2D',
      class {
        moveTo(): void {}
        lineTo(): void {}
      }
    )
  })
  afterEach(() => vi.unstubAllGlobals())
  const width = 100
  /** Fills of a plot of `count` readings over 100 px, values in px from the top, both edges a constant but for gaps. */
  function fills(
    count: number,
    isShown = true,
    isGap: (at: number) => boolean = () => false
  ): { rects: number[][]; polygons: number[][][] } {
    const [rects, polygons]: [number[][], number[][][]] = [[], []]
    let open: number[][] = []
    const times = Array.from({ length: count }, (_, at) => (at * width) / count)
    const ctx = {
      ...{ save() {}, restore() {}, rect() {}, clip() {} },
      moveTo: (x: number, y: number) => open.push([x, y]),
      beginPath: () => (open = []),
      lineTo: (x: number, y: number) => open.push([x, y]),
      fill: () => polygons.push(open),
      stroke: () => undefined,
      fillRect: (...rect: number[]) => rects.push(rect)
    }
    const plot = {
      ...{ bbox: { left: 0, top: 0, width, height: 50 }, scales: { x: { min: 0, max: width } }, ctx },
      data: [times, times, ...[10, 30].map((edge) => times.map((_, at) => (isGap(at) ? null : edge)))],
      series: [{ idxs: [0, count - 1] }, {}, { show: isShown }, { show: true }],
      valToPos: (value: number) => value
    }
    drawEnvelope(plot as unknown as uPlot, 'red', 'blue')
    return { rects, polygons }
  }

  it('is bars on whole pixels where readings are dense, without a hole or an overlap', () => {
    const { rects, polygons } = fills(450)
    expect(polygons).toEqual([])
    expect(rects.map(([x]) => x)).toEqual(Array.from({ length: width }, (_, at) => at))
    for (const [, y, wide, high] of rects) expect([y, wide, high]).toEqual([10, 1, 20])
  })

  it('keeps the column before a gap, and a reading between two gaps', () => {
    // One reading a pixel; 40 to 44 and 46 to 49 are missing.
    const { rects, polygons } = fills(width, true, (at) => at >= 40 && at < 50 && at !== 45)
    expect(polygons).toEqual([])
    const missing = [40, 41, 42, 43, 44, 46, 47, 48, 49]
    expect(rects.map(([x]) => x)).toEqual(
      Array.from({ length: width }, (_, at) => at).filter((at) => !missing.includes(at))
    )
    for (const [, y, wide, high] of rects) expect([y, wide, high]).toEqual([10, 1, 20])
  })

  it('is a polygon between few readings', () => {
    const { rects, polygons } = fills(2)
    expect(rects).toEqual([])
    expect(polygons).toEqual([
      [
        [0, 10],
        [50, 10],
        [50, 30],
        [0, 30]
      ]
    ])
  })

  it('is left out with either of its edges', () => {
    expect(fills(450, false)).toEqual({ rects: [], polygons: [] })
  })
})
