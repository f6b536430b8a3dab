import { describe, expect, it } from 'vitest'
import { comparativeAnalysis } from '@main/workload/figures/comparativeFigure'
import { analyseWorkload } from '@main/workload/figures/workloadFigures'
import {
  benchmarkRow,
  figure,
  layerRow,
  missing,
  sampleTables
} from '../../../core/workload/statistics/tables'

const choice = { confidence: 0.95, seed: 1 }
type Series = { name?: string; type: string; xAxisIndex: number; data: unknown[] }
type Option = {
  series: Series[]
  title: { text: string }[]
  xAxis: { data?: string[] }[]
  yAxis: Record<string, unknown>[]
}
const optionOf = (...tables: Parameters<typeof sampleTables>[0][]): Option =>
  comparativeAnalysis(
    tables.map((one, at) => analyseWorkload(`net${at}`, sampleTables(one), choice)),
    choice
  ).option as unknown as Option
const valuesOf = ({ series }: Option, panel: number): [string | undefined, unknown[]][] =>
  series
    .filter(({ xAxisIndex, type }) => xAxisIndex === panel && type === 'bar')
    .map(({ name, data }) => [name, data.map((one) => (Number.isNaN(one) ? null : one))])

describe('networks beside each other', () => {
  const speed = (precision: 'fp32' | 'fp16' | 'int4', speedup: number, more: object = {}) =>
    benchmarkRow(precision, 1000, { speedup: figure(speedup), energyNetJ: figure(2), ...more })

  it('by speedup, in the precisions of all, without what is INVALID', () => {
    const option = optionOf(
      { benchmark: [speed('fp32', 1), speed('fp16', 1.5)] },
      { benchmark: [speed('fp32', 1), speed('int4', 3, { speedup: figure(3, { verdict: 'INVALID' }) })] }
    )
    expect(option.xAxis[0]!.data).toEqual(['fp32', 'fp16', 'int4'])
    const [first, second] = valuesOf(option, 0)
    expect(first![1].slice(0, 2)).toEqual([1, 1.5])
    expect(second![1][0]).toBe(1)
    expect(second![1].slice(1)).not.toContain(3)
  })

  it('by net energy as percent of that at fp32', () => {
    const half = { energyNetJ: figure(0.5) }
    const option = optionOf({ benchmark: [speed('fp32', 1), speed('fp16', 2, half)] })
    expect(valuesOf(option, 1)[0]![1]).toEqual([100, 25])
  })

  it.each([
    ['INVALID', figure(2, { verdict: 'INVALID' })],
    ['unavailable', missing],
    ['0', figure(0)],
    ['below 0', figure(-1)]
  ])('by no energy where that at fp32 is %s', (_what, energyNetJ) => {
    const option = optionOf({ benchmark: [speed('fp32', 1, { energyNetJ }), speed('fp16', 2)] })
    expect(valuesOf(option, 1)).toEqual([])
    expect(option.title[1]!.text).toBe('Share of the net energy at fp32')
  })

  it('by the sum of the shares of each type of layer: energy where all have it, else time', () => {
    const layers = [
      layerRow('a', 1, { energyShare: 0.25, timeShare: 0.125 }),
      layerRow('b', 1, { energyShare: 0.5, timeShare: 0.375 }),
      layerRow('c', 1, { type: 'attention', energyShare: 0.25, timeShare: 0.5 })
    ]
    const energy = optionOf({ layers })
    expect([energy.title[2]!.text, energy.xAxis[2]!.data]).toEqual([
      'Energy by layer type',
      ['ffn', 'attention']
    ])
    expect(valuesOf(energy, 2)).toEqual([['net0', [75, 25]]])
    const time = optionOf(
      { layers },
      { layers: layers.map((row) => ({ ...row, energyShare: null })).slice(2) }
    )
    expect(time.title[2]!.text).toBe('Time by layer type (energy unavailable)')
    const [first, second] = valuesOf(time, 2)
    expect(first![1]).toEqual([50, 50])
    // A network without such a layer has no bar, which is not one of 0.
    expect([second![1][0] === 0, second![1][1]]).toEqual([false, 50])
    expect(
      optionOf({ layers: [] }).series.some(({ xAxisIndex, type }) => xAxisIndex === 2 && type === 'bar')
    ).toBe(false)
  })

  it('by the correlation of cost and impact, from -1 to 1', () => {
    expect(optionOf({}).yAxis[3]).toMatchObject({ min: -1, max: 1 })
    expect(valuesOf(optionOf({ layers: [] }), 3)).toEqual([])
  })
})
