// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import ChartTools from '@renderer/charts/ChartTools.vue'
import CurveChart from '@renderer/charts/CurveChart.vue'
import HistogramChart from '@renderer/charts/HistogramChart.vue'
import MemoryPicture from '@renderer/charts/MemoryPicture.vue'
import PairScatter from '@renderer/charts/PairScatter.vue'
import PlotCanvas from '@renderer/charts/PlotCanvas.vue'
import StreamMinimap from '@renderer/charts/stream/StreamMinimap.vue'
import StreamSelection from '@renderer/charts/stream/StreamSelection.vue'
import WeightStrip from '@renderer/charts/WeightStrip.vue'
import { samplePlan } from '../../../e2e/support/sampleModel'
import { chart, replaceCharts, seriesOf } from '../chartStandIn'
import { mountView, wordsOf, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

replaceCharts(PlotCanvas)

type PairPoint = Record<'x' | 'y' | 'weightBits' | 'activationBits', number> & { title: string }

let view: Mounted<Record<string, unknown>>
beforeEach(() => void withClient({}))
afterEach(() => view.unmount())

describe('curves', () => {
  const curves = [
    {
      name: 'a',
      points: [
        { x: 1, y: 10, deviation: 2 },
        { x: 2, y: 20 }
      ]
    }
  ]
  const mounted = (given: object[]): void => {
    view = mountView(CurveChart, { curves: given, x: { name: 'n' }, y: { name: 'e' }, label: 'c' })
  }

  it('have a band of one deviation to both sides where there is one', () => {
    mounted(curves)
    expect(seriesOf('c').map(({ name, data }) => [name, data])).toEqual([
      [
        'a',
        [
          [1, 10],
          [2, 20]
        ]
      ],
      [
        'a low',
        [
          [1, 8],
          [2, 20]
        ]
      ],
      [
        'a spread',
        [
          [1, 4],
          [2, 0]
        ]
      ]
    ])
    view.unmount()
    mounted([{ name: 'b', points: [{ x: 1, y: 1, deviation: 0 }] }])
    expect(seriesOf('c')).toHaveLength(1)
  })

  it('are steps where they are a best so far, and the legend leaves out the bands', () => {
    mounted([...curves, { name: 'best', points: [{ x: 1, y: 1 }], step: true }])
    expect(seriesOf('c').map((one) => (one as unknown as { step?: unknown }).step)).toEqual([
      ...[false, undefined, undefined, 'end']
    ])
    const { legend } = chart('c').props['option'] as { legend: { data: string[] } }
    expect(legend.data).toEqual(['a', 'best'])
  })
})

describe('points of bit pairs', () => {
  const point = (x: number, y: number, weightBits: number, activationBits: number, more = {}): PairPoint => ({
    ...{ x, y, weightBits, activationBits, title: `${x} ${y}` },
    ...more
  })
  const mounted = (points: PairPoint[], reference: string): number[] => {
    const picked: number[] = []
    view = mountView(PairScatter, {
      ...{ points, reference, x: { name: 'x' }, y: { name: 'y' }, label: 'p' },
      onPick: (index: number) => picked.push(index)
    })
    return picked
  }

  it('are a series per pair, widest first, and a click gives the point of the whole list', () => {
    const picked = mounted([point(1, 1, 2, 8), point(2, 2, 8, 8), point(3, 3, 2, 8)], 'diagonal')
    expect(seriesOf('p').map(({ name }) => name)).toEqual(['ideal', 'w8a8', 'w2a8'])
    chart('p').emit('pick', { seriesIndex: 2, dataIndex: 1 })
    chart('p').emit('pick', { seriesIndex: 1, dataIndex: 0 })
    chart('p').emit('pick', { seriesIndex: 0, dataIndex: 0 })
    expect(picked).toEqual([2, 1])
    const { tooltip } = chart('p').props['option'] as {
      tooltip: { formatter(at: { seriesIndex: number; dataIndex: number }): string }
    }
    expect(tooltip.formatter({ seriesIndex: 2, dataIndex: 1 })).toBe('3 3')
    expect(tooltip.formatter({ seriesIndex: 0, dataIndex: 0 })).toBe('')
  })

  it('lie on a diagonal over both axes, on a line at zero, or on none', () => {
    const points = [point(1, 5, 8, 8), point(3, 0.5, 8, 8)]
    const ideal = (reference: string): unknown => {
      mounted(points, reference)
      const found = seriesOf('p').find(({ name }) => name === 'ideal')?.data
      view.unmount()
      return found
    }
    expect(ideal('diagonal')).toEqual([
      [0.5, 0.5],
      [5, 5]
    ])
    expect(ideal('zero')).toEqual([
      [1, 0],
      [3, 0]
    ])
    expect(ideal('none')).toBeUndefined()
    view = mountView(ChartTools, { label: 'x', switches: [], exports: [] })
  })

  it('have interval bars, of many points only some, below the points', () => {
    const many = Array.from({ length: 250 }, (_, at) => point(at, at, 8, 8, { low: at - 1, high: at + 1 }))
    const picked = mounted(many, 'zero')
    const bars = seriesOf('p').find(({ name }) => name === 'interval')!
    expect(bars.data.slice(0, 2)).toEqual([
      [0, -1, 1],
      [3, 2, 4]
    ])
    expect(bars.data).toHaveLength(84)
    chart('p').emit('pick', { seriesIndex: 2, dataIndex: 249 })
    expect(picked).toEqual([249])
  })
})

it('a histogram stands on half a value, so that a single one is seen, and empty bins have no bar', () => {
  view = mountView(HistogramChart, { binStart: -1, binWidth: 0.5, counts: [1, 0, 7], name: 'w', label: 'h' })
  expect(seriesOf('h')[0]!.data).toEqual([
    [-0.75, 1],
    [-0.25, '-'],
    [0.25, 7]
  ])
  const { yAxis } = chart('h').props['option'] as { yAxis: { startValue: number } }
  expect(yAxis.startValue).toBe(0.5)
})

describe('the arena', () => {
  const plan = {
    ...samplePlan,
    ...{ arenaBytes: 1000, arenaLowerBoundBytes: 500 },
    blocks: [
      { name: 'conv1', offset: 0, sizeBytes: 1000, firstLayer: 0, lastLayer: 6 },
      { name: 'conv1 scratch', offset: 500, sizeBytes: 250, firstLayer: 0, lastLayer: 0 }
    ]
  }
  const number = (element: Element, name: string): number => Number(element.getAttribute(name))

  it('shows each block at its place and life, and the least possible as a line', () => {
    view = mountView(MemoryPicture, { plan })
    const [tensor, scratch] = [...view.root.querySelectorAll('rect.block')]
    expect([number(tensor!, 'height'), number(scratch!, 'height')]).toEqual([199, 49])
    expect(number(scratch!, 'y') - number(tensor!, 'y')).toBe(50)
    expect(number(tensor!, 'width') / number(scratch!, 'width')).toBeCloseTo(7, 0)
    expect([tensor!, scratch!].map((one) => one.classList.contains('scratch'))).toEqual([false, true])
    expect(number(view.the('line.bound'), 'y1')).toBe(8 + 100)
    expect(wordsOf(tensor!)).toBe('conv1: 1000 B at 0, layers 1 to 7')
  })

  it('names a block only where its name fits', () => {
    view = mountView(MemoryPicture, { plan })
    const names = [...view.root.querySelectorAll('g > rect.block + text')].map((one) => one.textContent)
    expect(names).toEqual(['conv1', 'conv1'])
    view.unmount()
    const narrow = { ...plan, layers: Array.from({ length: 70 }, () => plan.layers[0]!) }
    view = mountView(MemoryPicture, { plan: narrow })
    const short = [...view.root.querySelectorAll('g > rect.block + text')].map((one) => one.textContent)
    expect(short).toEqual(['conv1', ''])
    expect(view.root.querySelectorAll('text.faint').length).toBeLessThan(15)
  })
})

describe('the weights in the Image', () => {
  const layer = samplePlan.layers[0]!
  const plan = {
    ...samplePlan,
    ...{ imageBytes: 1000, weightsBytes: 900 },
    layers: [
      { ...layer, name: 'conv', weightsBytes: 100, weightBits: 2 },
      { ...layer, name: 'pool', weightsBytes: 0, weightBits: null },
      { ...layer, name: 'a very long name of a layer', weightsBytes: 800, weightBits: 8 }
    ]
  }
  it('take their share, coloured by their bits; the rest are tables', () => {
    view = mountView(WeightStrip, { plan })
    const parts = [...view.root.querySelectorAll<HTMLElement>('.part')]
    expect(parts.map((one) => [one.className, one.style.flexGrow])).toEqual([
      ['part bits2', '100'],
      ['part bits8', '800'],
      ['part tables', '100']
    ])
    expect(parts[0]!.title).toBe('conv, 2-bit weights: 100 B (10.0 %)')
    expect(parts.map((one) => one.textContent)).toEqual(['conv', 'a very long name of a layer', ''])
  })

  it('have an address only where the board is known', () => {
    view = mountView(WeightStrip, { plan })
    expect(view.text()).toContain('Image at 0x80010000:')
    view.unmount()
    view = mountView(WeightStrip, { plan: { ...plan, imageAddress: null } })
    expect(view.text()).toContain('Image: weights stay in place')
  })
})

it('tools of a chart zoom by two, fit and switch', () => {
  const done: unknown[] = []
  view = mountView(ChartTools, {
    ...{ label: 'x', exports: [], note: '2 values outside the axis' },
    switches: [
      { text: 'Log y', title: '', on: true, toggle: () => done.push('log') },
      { text: 'Area', title: '', on: false, disabled: true, toggle: () => done.push('area') }
    ],
    onZoom: (factor: number) => done.push(factor),
    onFit: () => done.push('fit')
  })
  for (const one of view.root.querySelectorAll('button'))
    if (one.textContent?.trim() !== 'Export') one.click()
  expect(done).toEqual(['log', 2, 0.5, 'fit'])
  expect(view.button('Log y').getAttribute('aria-pressed')).toBe('true')
  expect(view.the('[role=status]').textContent).toBe('2 values outside the axis')
})

describe('statistics of a stretch', () => {
  const trace = { timesMs: [0, 1000, 2000], values: [2, 4, 6] }
  const shown = (unit: string, changes: object = {}): string => {
    view = mountView(StreamSelection, { trace, span: [0, 2000], unit, isSelection: false, ...changes })
    return wordsOf(view.root)
  }

  it('are of the window or of the selection, which can be zoomed to and cleared', () => {
    expect(shown('W')).toContain('Window 2 s Mean 4 W Min 2 W Max 6 W Delta 4 W Energy 8 J')
    expect(view.root.querySelector('button')).toBeNull()
    view.unmount()
    const done: string[] = []
    const handlers = { onZoom: () => done.push('zoom'), onClear: () => done.push('clear') }
    expect(shown('W', { isSelection: true, ...handlers })).toContain('Selection 2 s')
    view.button('Zoom to it').click()
    view.button('Clear').click()
    expect(done).toEqual(['zoom', 'clear'])
  })

  it('have an integral only where the unit has one, and say what part readings cover', () => {
    expect(shown('%')).not.toMatch(/Energy|Charge|Covered/)
    view.unmount()
    expect(
      shown('W', { trace: { timesMs: [0, 1000, 2000, 3000], values: [2, NaN, 6, 6] }, span: [0, 3000] })
    ).toContain('Covered')
  })
})

it('the strip under a trace moves the window to the pointer, while its button is down', () => {
  const spans: unknown[] = []
  view = mountView(StreamMinimap, {
    ...{ trace: { timesMs: [0, 100], values: [1, 2] }, whole: [0, 100], window: [0, 20] },
    onMove: (span: unknown) => spans.push(span)
  })
  const canvas = view.the<HTMLCanvasElement>('canvas')
  canvas.getBoundingClientRect = () => ({ left: 0, width: 200 }) as DOMRect
  const point = (type: string, buttons: number): void => {
    canvas.dispatchEvent(new MouseEvent(type, { bubbles: true, clientX: 100, buttons }))
  }
  point('pointermove', 0)
  expect(spans).toEqual([])
  point('pointerdown', 1)
  expect(spans).toEqual([[40, 60]])
})
