import { describe, expect, it } from 'vitest'
import { followSpan, panSpan, zoomSpan } from '@renderer/charts/stream/moveSpan'
import { integralUnit, selectionStatistics } from '@renderer/charts/stream/selectionStatistics'
import { traceCsv } from '@renderer/charts/stream/streamFiles'
import { traceSvg, type TraceLook } from '@renderer/charts/stream/traceSvg'
import { extentOf, rangeOf, within, withDetail } from '@renderer/charts/stream/trace'
import { triggerTime, watchedValues, type Trigger } from '@renderer/charts/stream/trigger'

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
    expect(traceCsv(trace, 'Power', 'W', 'Unix time (s)')).toContain('Unix time (s),Power (W),')
    expect(traceCsv(trace, 'Power', 'W')).toBe('time (s),Power (W),min (W),max (W)\r\n0,1,0,2\r\n1.5,,,\r\n')
  })
})

describe('the picture of a trace', () => {
  const colors = {
    ...{ text: '#000', dim: '#111', line: '#222', surface: '#fff', accent: '#0f0', font: 'Inter' },
    ...{ bad: '#f00', warning: '#fa0', bits: (bits: number) => `#00${bits}` }
  }
  const gaps = { timesMs: [0, 1, 2, 3], values: [0, null, 1, 1] }
  // 100 px of width and height for values: x = 64 + 100 t / 3, y = 116 - 100 v.
  const picture = (look: Partial<TraceLook> = {}, trace: Parameters<typeof traceSvg>[0] = gaps): string =>
    traceSvg(trace, { name: '<b>"', unit: 'W', widthPx: 180, heightPx: 148, ...look }, colors)

  it('has gaps as gaps, names as text', () => {
    expect(picture()).toContain('<title>&lt;b&gt;&quot;</title>')
    expect(picture()).toContain('d="M64.0 116.0M130.7 16.0L164.0 16.0"')
  })

  it('shows the window, and the times of the recording', () => {
    const svg = picture({ span: [1000, 3000] }, ramp)
    // 1 s at the left edge, 3 s at the right one; values from 10 to 30.
    expect(svg).toContain('d="M14.0 166.0L64.0 116.0L114.0 66.0L164.0 16.0"')
    expect(svg).toContain('>1 s</text>')
    expect(svg).toContain('>3 s</text>')
    expect(svg).toContain('>30 W</text>')
  })

  it('shows phases, selection and markers that are in sight', () => {
    const svg = picture(
      {
        ...{ span: [1000, 3000], selection: [1500, 2000] },
        phases: [
          { name: 'past', fromMs: 0, toMs: 900 },
          { name: 'run', fromMs: 2000, toMs: 9000 }
        ],
        markers: [
          { atMs: 100, text: 'gone' },
          { atMs: 2000, text: '<peak>' }
        ]
      },
      ramp
    )
    expect(svg).not.toContain('past')
    expect(svg).not.toContain('gone')
    expect(svg).toContain('<rect x="114.0" y="16" width="50.0" height="100" fill="#004" opacity="0.15"/>')
    expect(svg).toContain('<rect x="89.0" y="16" width="25.0" height="100" fill="#fa0"')
    expect(svg).toContain('<line x1="114.0" x2="114.0" y1="16" y2="116" stroke="#f00"/>')
    // The whole note has no room in 50 px.
    expect(svg).toContain('>2</text>')
    expect(picture({ span: [0, 3000], markers: [{ atMs: 0, text: '<a>' }] }, ramp)).toContain('>1 &lt;a&gt;<')
  })

  it('has the axes of the chart: logarithmic, or without outliers', () => {
    const decades = { timesMs: [0, 1, 2], values: [1, 10, 100] }
    expect(picture({ logY: true }, decades)).toContain('d="M64.0 116.0L114.0 66.0L164.0 16.0"')
    expect(picture({ logY: true }, decades)).toContain('>10 W</text>')
    const spike = { timesMs: [0, 1, 2, 3, 4, 5], values: [1, 2, 1, 2, 1, 1000] }
    expect(picture({ calm: true }, spike)).toContain('>2.05 W</text>')
    expect(picture({}, spike)).toContain('>1000 W</text>')
  })

  it('has the times of day of a live trace', () => {
    const svg = picture({ isClock: true }, ramp)
    expect(svg).toContain(new Date(0).toLocaleDateString(undefined, { dateStyle: 'short' }))
    expect(svg).not.toContain('>1 s<')
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
    expect(at({ kind: 'phase', name: null }, [])).toBe(25)
  })
})

describe('a trigger on an envelope', () => {
  const trace = { timesMs: [1, 2, 3, 4], values: [1, 1, 1, 1], low: [1, 0.5, 1, -3], high: [1, 1, 9, 1] }
  it('looks at the greatest readings on the way up and the least on the way down', () => {
    const rising = { kind: 'edge', direction: 'rising', level: 5 } as const
    const below = { kind: 'level', side: 'below', level: -2 } as const
    expect(triggerTime(rising, trace.timesMs, watchedValues(rising, trace), [], 0)).toBe(3)
    expect(triggerTime(below, trace.timesMs, watchedValues(below, trace), [], 0)).toBe(4)
    // The means alone would have missed both.
    expect(triggerTime(rising, trace.timesMs, trace.values, [], 0)).toBeNull()
  })
})
