import { describe, expect, it } from 'vitest'
import { followSpan, panSpan, zoomSpan } from '@renderer/charts/stream/moveSpan'
import { integralUnit, selectionStatistics } from '@renderer/charts/stream/selectionStatistics'
import { traceCsv, traceSvg } from '@renderer/charts/stream/streamFiles'
import { extentOf, rangeOf, within, withDetail } from '@renderer/charts/stream/trace'
import { triggerTime, type Trigger } from '@renderer/charts/stream/trigger'

const ramp = { timesMs: [0, 1000, 2000, 3000], values: [0, 10, 20, 30] }

describe('statistics of a selection', () => {
  it('integrate straight lines, ends interpolated', () => {
    // From 500 ms (5 W) to 2500 ms (25 W): mean 15 W over 2 s, 30 J.
    expect(selectionStatistics(ramp, [500, 2500])).toEqual({
      durationMs: 2000,
      coveredMs: 2000,
      mean: 15,
      min: 5,
      max: 25,
      integral: 30,
      delta: 20
    })
  })

  it('leave gaps out and say what is covered', () => {
    const gap = { timesMs: [0, 1000, 2000, 3000, 4000], values: [10, 10, null, 30, 30] }
    expect(selectionStatistics(gap, [0, 4000])).toMatchObject({
      coveredMs: 2000,
      mean: 20,
      integral: 40,
      delta: 20
    })
  })

  it('take extremes from the envelope', () => {
    const envelope = { ...ramp, low: [-1, 9, 19, 29], high: [1, 11, 99, 31] }
    expect(selectionStatistics(envelope, [1000, 3000])).toMatchObject({ min: 9, max: 99, mean: 20 })
  })

  it('are unknown, never 0, without a reading', () => {
    const none = { mean: null, min: null, max: null, integral: null, delta: null, coveredMs: 0 }
    expect(selectionStatistics(ramp, [5000, 6000])).toMatchObject(none)
    expect(selectionStatistics({ timesMs: [], values: [] }, [0, 1])).toMatchObject(none)
    expect(selectionStatistics({ timesMs: [0, 1], values: [NaN, NaN] }, [0, 1])).toMatchObject(none)
  })

  it('name the integral by its unit', () => {
    expect(['W', 'mA', 'MHz'].map(integralUnit)).toEqual(['J', 'mC', null])
  })
})

describe('a window', () => {
  it('zooms around the pointer and stays in the whole', () => {
    expect(zoomSpan([0, 100], [0, 100], 0.25, 2)).toEqual([12.5, 62.5])
    expect(zoomSpan([80, 100], [0, 100], 0, 0.5)).toEqual([60, 100])
    expect(zoomSpan([10, 20], [0, 100], 0.5, 0.01)).toEqual([0, 100])
  })

  it('pans to the ends and no further', () => {
    expect(panSpan([10, 30], [0, 100], 0.5)).toEqual([20, 40])
    expect(panSpan([10, 30], [0, 100], -5)).toEqual([0, 20])
    expect(panSpan([10, 30], [0, 100], 50)).toEqual([80, 100])
  })
})

describe('a window on a growing trace', () => {
  it('moves along at the newest reading', () => {
    expect(followSpan([80, 100], [0, 100], [0, 130])).toEqual([110, 130])
  })

  it('stays elsewhere until its readings leave, then moves with the oldest', () => {
    expect(followSpan([20, 40], [0, 100], [10, 110])).toEqual([20, 40])
    expect(followSpan([20, 40], [0, 100], [30, 130])).toEqual([30, 50])
    expect(followSpan([20, 40], [0, 100], [500, 600])).toEqual([500, 520])
  })

  it('is never longer than the trace', () => {
    expect(followSpan([0, 90], [0, 100], [200, 210])).toEqual([200, 210])
  })
})

describe('a trace', () => {
  it('is cut with both ends', () => {
    expect(within(ramp, [1000, 2000])).toMatchObject({ timesMs: [1000, 2000], values: [10, 20] })
    expect(extentOf({ timesMs: [], values: [] })).toBeNull()
  })

  it('has the range of its readings, gaps left out', () => {
    expect(rangeOf([Float64Array.of(NaN, 3, NaN, -2), [7, null]])).toEqual([-2, 7])
    expect(rangeOf([[5, 5]])).toEqual([4, 6])
    expect(rangeOf([[NaN], []])).toEqual([0, 1])
  })

  it('takes a finer part in place of its own points', () => {
    const detail = { timesMs: [900, 1500, 2000], values: [1, 2, 3] }
    expect(withDetail(ramp, detail)).toMatchObject({
      timesMs: [0, 900, 1500, 2000, 3000],
      values: [0, 1, 2, 3, 30]
    })
    expect(withDetail(ramp, { timesMs: [], values: [] })).toBe(ramp)
  })

  it('is written with its envelope, gaps empty', () => {
    const trace = { timesMs: [0, 1500], values: [1, null], low: [0, null], high: [2, null] }
    expect(traceCsv(trace, 'Power', 'W')).toBe('time (s),Power (W),min (W),max (W)\r\n0,1,0,2\r\n1.5,,,\r\n')
  })

  it('is drawn with gaps as gaps, names as text', () => {
    const svg = traceSvg(
      { timesMs: [0, 1, 2, 3], values: [0, null, 1, 1] },
      { name: '<b>"', unit: 'W', widthPx: 180, heightPx: 148 },
      { text: '#000', dim: '#111', line: '#222', surface: '#fff', accent: '#0f0', font: 'Inter' }
    )
    expect(svg).toContain('<title>&lt;b&gt;&quot;</title>')
    // 100 px of width and height for values: x = 64 + 100 t / 3, y = 116 - 100 v.
    expect(svg).toContain('d="M64.0 116.0M130.7 16.0L164.0 16.0"')
  })
})

describe('a trigger', () => {
  const times = [0, 10, 20, 30, 40]
  const at = (trigger: Trigger, values: (number | null)[], since = -1): number | null =>
    triggerTime(trigger, times, values, [{ name: 'run', atMs: 25 }], since)

  it('fires on a level as soon as it is met, on an edge only when crossed', () => {
    const values = [5, 6, 1, 5, 9]
    expect(at({ kind: 'level', side: 'above', level: 5 }, values)).toBe(0)
    expect(at({ kind: 'edge', direction: 'rising', level: 5 }, values)).toBe(30)
    expect(at({ kind: 'edge', direction: 'falling', level: 1 }, values)).toBe(20)
    expect(at({ kind: 'level', side: 'below', level: 0 }, values)).toBeNull()
  })

  it('looks only at what came after it was armed, and never across a gap', () => {
    expect(at({ kind: 'edge', direction: 'rising', level: 5 }, [1, 6, 1, 6, 6], 10)).toBe(30)
    expect(at({ kind: 'edge', direction: 'rising', level: 5 }, [1, null, 6, 6, 6])).toBeNull()
    expect(at({ kind: 'edge', direction: 'rising', level: 5 }, [1, NaN, 6, 6, 6])).toBeNull()
  })

  it('fires on the beginning of a phase', () => {
    expect(at({ kind: 'phase', name: 'run' }, [])).toBe(25)
    expect(at({ kind: 'phase', name: 'run' }, [], 25)).toBeNull()
    expect(at({ kind: 'phase', name: 'other' }, [])).toBeNull()
  })
})
