import { describe, expect, it } from 'vitest'
import type { MergedRow } from '@core/workload/statistics/merge'
import {
  layerTypes,
  type LayerRow,
  type MeasuredFigure,
  type WorkloadTables
} from '@shared/contract/workload/workloadRows'
import {
  energyImpactScatter,
  impactByType,
  impactCorrelationMatrix,
  perLayerAnalysis
} from '@main/workload/figures/layerFigures'

const figure = (value: number | null, more: Partial<MeasuredFigure> = {}): MeasuredFigure =>
  ({
    ...{ value, low: null, high: null, n: 3, origin: 'measured', verdict: 'VALID' },
    ...{ reason: value === null ? 'no sensor' : null },
    ...more
  }) as MeasuredFigure

const [first, second] = layerTypes
interface Given {
  layer: string
  type?: LayerRow['type']
  calls?: number
  timeUs?: number | null
  energy?: MeasuredFigure
  powerW?: number | null
}
const layer = ({
  layer: name,
  type = first,
  calls = 1,
  timeUs = 1,
  energy = figure(null),
  powerW = null
}: Given) =>
  ({
    ...{ layer: name, type, calls, timeUs: figure(timeUs), energyTotalJ: energy, meanPowerW: figure(powerW) }
  }) as LayerRow
const tablesOf = (layers: LayerRow[]): WorkloadTables => ({ layers }) as unknown as WorkloadTables

interface Drawn {
  option: {
    title: { text: string }[]
    xAxis: { data?: string[] }[]
    yAxis: { name: string }[]
    series: { type: string; data: unknown[]; xAxisIndex: number; yAxisIndex: number }[]
  }
}
const drawn = (value: unknown) => (value as Drawn).option
/** Values of the bars of each panel, by the names below them. */
const barsOf = (value: unknown): [string, [string, unknown][]][] => {
  const { xAxis, yAxis, series } = drawn(value)
  const bars = series.filter(({ type }) => type === 'bar')
  return bars.map(({ data, xAxisIndex, yAxisIndex }) => [
    yAxis[yAxisIndex].name,
    data.map((bar, index) => [xAxis[xAxisIndex].data![index], (bar as { value: unknown }).value])
  ])
}
/** What the empty panels of a figure say. */
const reasonsOf = (value: unknown): string[] => {
  const api = { coord: () => [0, 0], value: () => 0, size: () => [0, 0] }
  type Text = { renderItem(params: null, api: object): { type: string; style?: { text: string } } }
  const custom = drawn(value).series.filter(
    ({ type, data }) => type === 'custom' && String(data[0]) === '0.5,0.5'
  )
  return custom.map((series) => (series as unknown as Text).renderItem(null, api).style!.text)
}
const close = (value: number): number => expect.closeTo(value, 9) as number

describe('energy and time of layers', () => {
  it('are per pass: those of a call times the calls, and sums and means by type', () => {
    const layers = [
      layer({
        layer: 'a',
        calls: 2,
        timeUs: 3,
        energy: figure(0.002, { low: 0.001, high: 0.003 }),
        powerW: 4
      }),
      layer({ layer: 'b', timeUs: 10, energy: figure(0.001), powerW: 8 }),
      layer({ layer: 'c', type: second, timeUs: 5, energy: figure(0.0005), powerW: 2 })
    ]
    const found = perLayerAnalysis('Net', tablesOf(layers))
    expect(drawn(found).title.map(({ text }) => text)).toEqual([
      ...['Net: energy per layer', 'Energy by layer type', 'Time by layer type', 'Mean power by layer type']
    ])
    expect(barsOf(found)).toEqual([
      [
        'total energy per pass, mJ',
        [
          ['a', close(4)],
          ['b', close(1)],
          ['c', close(0.5)]
        ]
      ],
      [
        'total energy per pass, mJ',
        [
          [`${first}\n(2)`, close(5)],
          [`${second}\n(1)`, close(0.5)]
        ]
      ],
      [
        'time per pass, µs',
        [
          [`${first}\n(2)`, close(16)],
          [`${second}\n(1)`, close(5)]
        ]
      ],
      [
        'mean power, W',
        [
          [`${first}\n(2)`, close(6)],
          [`${second}\n(1)`, close(2)]
        ]
      ]
    ])
  })

  it('without energy begin with time, and say why the rest is missing', () => {
    const found = perLayerAnalysis(
      'Net',
      tablesOf([layer({ layer: 'a', timeUs: 2_000 }), layer({ layer: 'b', timeUs: null })])
    )
    expect(drawn(found).title[0].text).toBe('Net: time per layer')
    expect(barsOf(found)[0]).toEqual(['time per pass (energy unavailable), ms', [['a', close(2)]]])
    expect(reasonsOf(found)).toEqual(['Unavailable. no sensor', 'Unavailable. no sensor'])
  })

  it('show the 24 costliest of many layers, in the order of the network', () => {
    const layers = Array.from({ length: 30 }, (_, at) =>
      layer({ layer: `l${at}`, timeUs: at % 2 === 0 ? 100 + at : at })
    )
    const found = perLayerAnalysis('Net', tablesOf(layers))
    expect(drawn(found).title[0].text).toBe('Net: time per layer (24 of 30)')
    const names = barsOf(found)[0][1].map(([name]) => name)
    // All fifteen even ones, and the nine largest of the odd ones: 13 to 29.
    const expected = Array.from({ length: 30 }, (_, at) => at).filter((at) => at % 2 === 0 || at >= 13)
    expect(names).toEqual(expected.map((at) => `l${at}`))
  })
})

const merged = (
  name: string,
  type: LayerRow['type'],
  kl: number | null,
  loss: number | null,
  more: object = {}
): MergedRow =>
  ({
    ...{ layer: name, type, change: 'zero', klNats: figure(kl), qualityLoss: loss, mcNemarP: 0.5 },
    ...{ energyTotalJ: figure(null), energyNetJ: figure(null), timeUs: figure(null) },
    ...{ timeShare: null, energyShare: null, parameters: 1, macs: 1, calls: 1 },
    ...more
  }) as unknown as MergedRow

describe('impact of layers', () => {
  it('is the mean of a type with the extremes of its layers', () => {
    const rows = [
      merged('a', first, 1, 0.1),
      merged('b', first, 4, null),
      merged('c', second, 0.5, 0.3),
      merged('d', second, null, null)
    ]
    const found = impactByType('Net', rows)
    expect(barsOf(found)).toEqual([
      [
        'KL(original || ablated), nats',
        [
          [`${first}\n(2)`, 2.5],
          [`${second}\n(1)`, 0.5]
        ]
      ],
      [
        'accuracy lost, 0..1',
        [
          [`${first}\n(1)`, 0.1],
          [`${second}\n(1)`, 0.3]
        ]
      ]
    ])
    const whiskers = drawn(found).series.filter(({ type }) => type === 'custom')
    expect(whiskers.map(({ data }) => data)).toEqual([[[0, 1, 0, 4]], []])
    const titles = (found.option as { title: { text: string }[] }).title.map(({ text }) => text).join(' ')
    expect(titles).toContain('whiskers reach from the least to the largest layer')
    const perplexity = impactByType(
      'Net',
      rows.map((row) => ({ ...row, mcNemarP: null }))
    )
    expect(barsOf(perplexity)[1][0]).toBe('ln of the perplexity ratio')
    expect(reasonsOf(impactByType('Net', []))).toEqual(['No layer was ablated.', 'No layer was ablated.'])
  })

  it('stands against cost, a point per layer that has both, with names up to sixteen', () => {
    const rows = (count: number): MergedRow[] => [
      ...Array.from({ length: count }, (_, at) =>
        merged(`l${at}`, first, at, 0, { timeUs: figure(1_000 + at) })
      ),
      merged('none', second, null, 0, { timeUs: figure(5) })
    ]
    const found = drawn(energyImpactScatter('Net', rows(16), []))
    expect(found.title[0].text).toBe('Net: time against impact')
    const points = found.series.find(({ type }) => type === 'scatter')!.data as {
      value: number[]
      label: { formatter: string }
    }[]
    expect(points.map(({ value }) => value)).toEqual(
      Array.from({ length: 16 }, (_, at) => [close(1 + at / 1_000), at])
    )
    expect(points[3].label.formatter).toBe('l3')
    const many = drawn(energyImpactScatter('Net', rows(17), []))
    const unnamed = many.series.find(({ type }) => type === 'scatter')!.data as typeof points
    expect(unnamed[3].label.formatter).toBe('')
    expect(reasonsOf(energyImpactScatter('Net', [], []))).toEqual(['No layer has both cost and impact.'])
  })

  it('is not correlated where fewer than three layers have two figures', () => {
    expect(reasonsOf(impactCorrelationMatrix('Net', []))).toEqual([
      'Fewer than three layers have two figures.'
    ])
  })
})
