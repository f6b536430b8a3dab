import { describe, expect, it } from 'vitest'
import {
  compareBoards,
  compareCampaigns,
  compareDeployments,
  compareSearches
} from '@core/compare/compareRuns'
import { costFigure } from '@core/compare/costFigure'
import { meanRatio, shareDifference } from '@core/compare/intervals'
import type { Deployment } from '@shared/contract/deploy'
import type { Sample } from '@shared/contract/profile'
import type { Search } from '@shared/contract/search'

describe('differences with their intervals', () => {
  it('of shares are those of Agresti and Caffo', () => {
    // (41 + 1) / 52 - (50 + 1) / 52 by hand: centre -9/52, variances p (1 - p) / 52.
    const found = shareDifference({ share: 1, items: 50 }, { share: 0.82, items: 50 })
    expect(found.value).toBeCloseTo(-0.18, 12)
    const half = 1.959963985 * Math.sqrt(((51 / 52) * (1 / 52)) / 52 + ((42 / 52) * (10 / 52)) / 52)
    expect(found.low).toBeCloseTo(-9 / 52 - half, 12)
    expect(found.high).toBeCloseTo(-9 / 52 + half, 12)
    // Never an empty interval, also at certainty.
    const same = shareDifference({ share: 1, items: 10 }, { share: 1, items: 10 })
    expect([same.low < 0, same.value, same.high > 0]).toEqual([true, 0, true])
  })

  it('of ratios are geometric means with t intervals', () => {
    // Logarithms ln 2 and ln 8: mean ln 4, deviation ln 2 * sqrt 2, so the half width is t(0.975, 1) * ln 2.
    const found = meanRatio([2, 8])!
    expect(found.value).toBeCloseTo(4, 12)
    expect(found.high / found.value).toBeCloseTo(2 ** 12.7062047, 2)
    expect(found.low * found.high).toBeCloseTo(16, 9)
    const same = meanRatio([3, 3, 3])!
    for (const figure of [same.value, same.low, same.high]) expect(figure).toBeCloseTo(3, 12)
    expect(meanRatio([2])).toBeNull()
    expect(meanRatio([])).toBeNull()
  })
})

const sample = (dims: number[], weightBits: number, time: number, unit: Sample['unit'] = 'cycles'): Sample =>
  ({ kernel: 'matmul', dims, activationBits: 8, weightBits, time, unit }) as Sample

const closeTo = (value: number): number => expect.closeTo(value, 9) as number

describe('campaigns', () => {
  it('are compared per pair at the shapes that both measured, in one unit', () => {
    const first = [
      sample([1, 1, 1], 4, 10),
      sample([2, 2, 2], 4, 20),
      sample([3, 3, 3], 4, 30),
      sample([1, 1, 1], 8, 7)
    ]
    const second = [
      sample([1, 1, 1], 4, 20),
      sample([2, 2, 2], 4, 40),
      sample([9, 9, 9], 4, 1),
      sample([1, 1, 1], 8, 7, 'instructions')
    ]
    const { figures, notes } = compareCampaigns([first, second])
    expect(figures).toEqual([
      {
        ...{ name: 'matmul w4a8 (2 shapes)', unit: 'cycles', how: 'ratio' },
        // Geometric means of 10 and 20, 20 and 40.
        values: [expect.closeTo(Math.sqrt(200), 9), expect.closeTo(Math.sqrt(800), 9)],
        against: [null, expect.objectContaining({ value: expect.closeTo(2, 12) })]
      },
      { name: 'matmul w8a8', unit: 'cycles', how: 'ratio', values: [null, null], against: [null, null] }
    ])
    expect(notes).toEqual(['They measured in different units: only Samples of one unit are compared.'])
    const unmeasurable = [sample([1, 1, 1], 4, 0), sample([2, 2, 2], 4, 40), sample([3, 3, 3], 4, 60)]
    expect(compareCampaigns([first, unmeasurable]).figures[0]).toMatchObject({
      values: [expect.closeTo(Math.sqrt(600), 9), expect.closeTo(Math.sqrt(2400), 9)],
      against: [null, { value: expect.closeTo(2, 12) }]
    })
    const apart = compareCampaigns([first, []])
    expect(apart.figures[0]!.against).toEqual([null, null])
    expect(apart.notes).toEqual(['They measured no shape in common.'])
  })

  it('are compared in latency and in energy apart where a meter was beside the board', () => {
    const first = [sample([1, 1, 1], 4, 10), sample([1, 1, 1], 4, 30, 'nJ')]
    const second = [sample([1, 1, 1], 4, 20, 'nJ'), sample([1, 1, 1], 4, 30), sample([2, 2, 2], 4, 5, 'nJ')]
    const { figures, notes } = compareCampaigns([first, second])
    expect(notes).toEqual([])
    expect(figures).toMatchObject([
      {
        ...{ name: 'matmul w4a8 (1 shape)', unit: 'cycles', values: [10, 30].map(closeTo) },
        against: [null, { value: 3, low: null, high: null }]
      },
      { name: 'matmul w4a8, energy (1 shape)', unit: 'nJ', values: [30, 20].map(closeTo) }
    ])
    // A campaign without a meter is compared in latency all the same.
    const counted = compareCampaigns([[sample([1, 1, 1], 4, 10)], second])
    expect(counted.figures.map(({ name, values }) => [name, ...values])).toEqual([
      ['matmul w4a8 (1 shape)', closeTo(10), closeTo(30)],
      ['matmul w4a8, energy', null, null]
    ])
    expect(counted.notes).toHaveLength(1)
  })
})

describe('boards', () => {
  const on = (dims: number[], time: number, buildId: number | null, measuredAtMs: number): Sample => ({
    ...sample(dims, 4, time),
    ...{ buildId, measuredAtMs, origin: 'measured', coreName: `core ${buildId}` }
  })

  it('are compared by the newest Sample of each item, of the newest firmware', () => {
    const { figures, rows, notes } = compareBoards([
      // The firmware of before had another kernel; of the new one the first shape was measured again.
      [
        on([1, 1, 1], 12, 2, 30),
        on([1, 1, 1], 999, 1, 10),
        on([1, 1, 1], 99, 2, 20),
        on([2, 2, 2], 20, 2, 25)
      ],
      [on([1, 1, 1], 24, null, 5), on([2, 2, 2], 80, null, 6), on([3, 3, 3], 7, null, 7)]
    ])
    expect(notes).toEqual([])
    // Geometric means of 12 and 20, 24 and 80; ratios 2 and 4.
    expect(figures[0]).toMatchObject({
      ...{ name: 'matmul w4a8 (2 shapes)', values: [closeTo(Math.sqrt(240)), closeTo(Math.sqrt(1920))] },
      against: [null, { value: closeTo(Math.sqrt(8)) }]
    })
    expect(figures.at(-1)).toMatchObject({ name: 'Samples of the newest firmware', values: [3, 3] })
    expect(rows).toEqual([
      { name: 'origin', cells: ['measured', 'measured'] },
      { name: 'core', cells: ['core 2', 'core null'] }
    ])
  })
})

describe('costs at what is common', () => {
  const costs = (...entries: [string, number][]) => new Map(entries)

  it('are over the same keys for all that share any with the first', () => {
    const { name, values, against } = costFigure('time', 'ms', 'shape', [
      costs(['a', 1], ['b', 2], ['c', 4]),
      costs(['a', 2], ['b', 4], ['c', 80]),
      costs(['a', 3], ['b', 6], ['d', 9]),
      costs(['d', 5])
    ])
    expect(name).toBe('time (2 shapes)')
    expect(values).toEqual([closeTo(Math.sqrt(2)), closeTo(Math.sqrt(8)), closeTo(Math.sqrt(18)), null])
    expect(against.map((one) => one?.value)).toEqual([undefined, closeTo(2), closeTo(3), undefined])
  })

  it('are over the keys of each pair where none is common to all', () => {
    const { name, values, against } = costFigure('time', 'ms', 'shape', [
      costs(['a', 1], ['b', 2], ['c', 4]),
      costs(['a', 2], ['b', 4]),
      costs(['c', 12])
    ])
    expect(name).toBe('time')
    expect(values).toEqual([null, null, null])
    expect(against).toEqual([
      null,
      { value: closeTo(2), low: closeTo(2), high: closeTo(2) },
      { value: 3, low: null, high: null }
    ])
  })
})

const deployment = (change: object, measured = 100, weightBits: 2 | 8 = 8): Deployment =>
  ({
    ...{ modelName: 'net', boardName: 'Board', unit: 'cycles', measured, relativeError: 0.1 },
    ...{ boardAccuracy: 0.8, imagesDone: 50, bitExact: true },
    plan: { peakRamBytes: 10 * measured, weightsBytes: 40 },
    request: { modelId: 'm', method: 'ptq', scheme: [{ layer: 'fc', weightBits, activationBits: 8 }] },
    layers: [
      { name: 'fc', measured: measured - 10 },
      { name: 'flatten', measured: 0 }
    ],
    ...change
  }) as unknown as Deployment

describe('deployments', () => {
  it('are compared by layer, accuracy with its interval and what was counted once without', () => {
    const { figures, rows, notes } = compareDeployments([
      deployment({}),
      deployment({ boardAccuracy: 0.9, imagesDone: 40 }, 250, 2)
    ])
    const figure = (name: string) => figures.find((one) => one.name === name)!
    expect(figure('Measured per image')).toEqual({
      ...{ name: 'Measured per image', unit: 'cycles', values: [100, 250], how: 'ratio' },
      against: [null, { value: 2.5, low: null, high: null }]
    })
    expect(figure('Layer fc')).toMatchObject({ values: [90, 240], against: [null, { value: 240 / 90 }] })
    // Nothing is so many times nothing.
    expect(figure('Layer flatten').against).toEqual([null, null])
    expect(figure('Peak RAM').against[1]!.value).toBe(2.5)
    expect(figure('Accuracy on the board').against[1]).toEqual(
      shareDifference({ share: 0.8, items: 50 }, { share: 0.9, items: 40 })
    )
    expect(rows.at(-1)).toEqual({ name: 'fc', cells: ['w8a8', 'w2a8'] })
    expect(rows.find(({ name }) => name === 'images')!.cells).toEqual(['50', '40'])
    expect(notes).toEqual([])
  })

  it('have costs with an interval where both were counted over batches of images', () => {
    const layer = (measured: number, interval: object | null) => [{ name: 'fc', measured, interval }]
    const { figures } = compareDeployments([
      deployment({ interval: { low: 96, high: 104 }, layers: layer(50, { low: 49, high: 51 }) }),
      deployment({ interval: { low: 245, high: 255 }, layers: layer(60, null) }, 250)
    ])
    const against = (name: string) => figures.find((one) => one.name === name)!.against[1]!
    // Square and add on logarithms, computed in Python: exp(ln 2.5 -+ hypot(…)).
    expect(against('Measured per image').value).toBeCloseTo(2.5, 9)
    expect(against('Measured per image').low).toBeCloseTo(2.39210218, 6)
    expect(against('Measured per image').high).toBeCloseTo(2.61604151, 6)
    // One of them has none.
    expect(against('Layer fc')).toEqual({ value: 1.2, low: null, high: null })
  })

  it('on other data sets are shown, and their accuracies are not compared', () => {
    const { figures, rows, notes } = compareDeployments([
      deployment({ dataSet: 'Fashion-MNIST' }),
      deployment({ dataSet: 'leaves' }),
      // One of an older version does not say.
      deployment({ dataSet: null })
    ])
    expect(figures.find(({ name }) => name === 'Accuracy on the board')!.against).toEqual([null, null, null])
    expect(rows.find(({ name }) => name === 'data set')!.cells).toEqual(['Fashion-MNIST', 'leaves', ''])
    expect(notes).toEqual([expect.stringContaining('different data sets')])
  })

  it('of other units or networks are shown, and say why they are not compared', () => {
    const { figures, notes } = compareDeployments([
      deployment({}),
      deployment({ unit: 'instructions', request: { modelId: 'n', scheme: [] } }, 250)
    ])
    expect(figures.find(({ name }) => name === 'Layer fc')).toMatchObject({
      ...{ values: [90, 240], against: [null, null], unit: '' }
    })
    expect(figures.find(({ name }) => name === 'Accuracy on the board')!.against).toEqual([null, null])
    expect(notes).toHaveLength(2)
  })
})

const search = (change: Partial<Search>, bits: 2 | 4, best = 0.9): Search => {
  const scheme = [{ layer: 'fc', weightBits: bits, activationBits: 8 as const }]
  const candidate = { index: 0, scheme, cost: 5, loss: 0.1, bestLoss: 0.1 }
  return {
    ...{
      request: { modelId: 'm', objective: 'kl' },
      costUnit: 'cycles',
      baselineCost: 10,
      metric: 'accuracy'
    },
    ...{
      trace: [
        { ...candidate, loss: 0.3, cost: 8, bestLoss: null },
        { ...candidate, index: 1 }
      ],
      best: candidate
    },
    test: { split: 'test', images: 100, best, int8: 0.9, float: 0.9, versusInt8: null },
    ...change
  } as unknown as Search
}

describe('searches', () => {
  it('show accuracy with its difference, schemes per layer, curves and fronts', () => {
    const found = compareSearches([search({}, 4), search({}, 2, 0.8)])
    expect(found.figures.map(({ values }) => values)).toEqual([
      [0.9, 0.8],
      [0.1, 0.1],
      [0.5, 0.5],
      [2, 2]
    ])
    expect(found.figures[0]!.against[1]).toEqual(
      shareDifference({ share: 0.9, items: 100 }, { share: 0.8, items: 100 })
    )
    expect(found.figures[2]!.against[1]).toEqual({ value: 0, low: null, high: null })
    expect(found.rows.at(-1)).toEqual({ name: 'fc', cells: ['w4a8', 'w2a8'] })
    expect(found.rows.find(({ name }) => name === 'minimises')?.cells).toEqual(['kl', 'kl'])
    expect(found.curves[0]).toEqual({ run: 0, name: 'best so far', x: [1, 2], y: [null, 0.1] })
    expect(found.curves[1]).toEqual({ run: 0, name: 'front', x: [0.5], y: [0.1] })
    expect(found.notes).toEqual([])
  })

  it('name their score, and have an interval only where it is a share of items', () => {
    const scored = (...metrics: Search['metric'][]) =>
      compareSearches(metrics.map((metric) => search({ metric }, 4)))
    expect(scored('agreement', 'agreement').figures[0]).toMatchObject({
      ...{ name: 'Agreement on items no choice was made on', unit: 'share' },
      against: [null, { value: expect.closeTo(0, 12) }]
    })
    expect(scored('AUC', 'AUC').figures[0]).toMatchObject({
      ...{ name: 'AUC on items no choice was made on', unit: 'score', against: [null, null] }
    })
    const mixed = scored('AUC', 'accuracy')
    expect(mixed.figures[0]).toMatchObject({
      ...{ name: 'Score on items no choice was made on', against: [null, null] }
    })
    expect(mixed.notes).toEqual(['Their scores differ in kind: they are not comparable.'])
  })

  it('have the best loss over the time of evaluating, where every scheme has its time', () => {
    const speed = (keptAtMs?: number[]) => ({
      evaluationMs: 1,
      wallMs: 1,
      evaluations: 2,
      ...(keptAtMs && { keptAtMs })
    })
    const found = compareSearches([
      search({ speed: speed([1500, 4000]) }, 4),
      search({ speed: speed() }, 2),
      search({ speed: speed([7]) }, 2)
    ])
    expect(found.curves.filter(({ name }) => name === 'best so far over time')).toEqual([
      { run: 0, name: 'best so far over time', x: [1.5, 4], y: [null, 0.1] }
    ])
    expect(found.notes).toEqual([expect.stringContaining('hold no times')])
  })

  it('that evaluated nothing are not taken for those of an older version', () => {
    const timed = search({ speed: { evaluationMs: 1, wallMs: 1, evaluations: 2, keptAtMs: [1, 2] } }, 4)
    expect(compareSearches([timed, search({ trace: [], best: null }, 4)]).notes).toEqual([])
  })

  it('are compared in every kind of cost that one of them budgeted', () => {
    const budgeted = (cost: string, also: string[], costs: number[], units: string[]): Search => {
      const own = search({ costUnit: units[0] as never }, 4)
      return {
        ...own,
        request: { ...own.request, cost, alsoWithin: also.map((kind) => ({ cost: kind, ratio: 1 })) },
        best: { ...own.best, cost: costs[0], costs },
        otherLimits: units.slice(1).map((unit) => ({ unit, baselineCost: 100, minimumCost: 0, budget: 1 }))
      } as unknown as Search
    }
    const { figures, notes } = compareSearches([
      budgeted('proxy', ['size'], [5, 60], ['cycles', 'bytes']),
      budgeted('size', ['bitfusion'], [8, 40], ['bytes', 'cycles'])
    ])
    const costs = figures.filter(({ name }) => name.startsWith('Cost of the best scheme'))
    expect(costs.map(({ name, values, against }) => [name, values, against[1]?.value])).toEqual([
      ['Cost of the best scheme: latency', [0.5, null], undefined],
      // Baselines of 100 and 10 bytes.
      ['Cost of the best scheme: weight size', [0.6, 0.8], closeTo(0.2)],
      ['Cost of the best scheme: BitFusion cycles', [null, 0.4], undefined]
    ])
    expect(notes).toEqual(['Their costs differ: fronts are not comparable.'])
    // The same unit does not make two kinds of cost one.
    const cycles = [budgeted('proxy', [], [5], ['cycles']), budgeted('bitfusion', [], [5], ['cycles'])]
    expect(compareSearches(cycles).notes).toEqual(['Their costs differ: fronts are not comparable.'])
  })

  it('have fronts that keep what nothing beats, once, by rising cost', () => {
    const points = [
      { cost: 3, loss: 1 },
      { cost: 1, loss: 5 },
      { cost: 2, loss: 5 },
      { cost: 2, loss: 2 },
      { cost: 2, loss: 2 }
    ]
    const trace = points.map((point, index) => ({ ...point, index, bestLoss: null })) as Search['trace']
    const found = compareSearches([search({ trace, baselineCost: 1 }, 4), search({}, 4)])
    expect(found.curves[1]).toEqual({ run: 0, name: 'front', x: [1, 2, 3], y: [5, 2, 1] })
  })

  it('judged by other data sets say so, and differ in cost alone', () => {
    const about = (dataSet: string): Partial<Search> => ({ about: { model: 'net', board: null, dataSet } })
    const { figures, notes } = compareSearches([search(about('mine'), 4), search(about('theirs'), 4)])
    expect(figures.slice(0, 3).map(({ against }) => against[1]?.value)).toEqual([undefined, undefined, 0])
    expect(notes).toContain('They judged by different data sets.')
    const known = compareSearches([search(about('mine'), 4), search({ about: null }, 4)])
    expect(known.figures[1]!.against[1]).not.toBeNull()
  })

  it('of costs that only share a unit, or of different boards, are not subtracted', () => {
    const of = (cost: string, board: string | null): Search => {
      const about = { model: 'net', dataSet: 'mine', board }
      return search({ about, request: { modelId: 'm', objective: 'kl', cost } as Search['request'] }, 4)
    }
    const difference = (a: Search, b: Search) => compareSearches([a, b]).figures[2]!.against[1]
    const note = 'Their costs differ: fronts are not comparable.'
    expect(difference(of('proxy', 'virtual:small'), of('bitfusion', null))).toBeNull()
    expect(difference(of('ram', 'virtual:small'), of('size', null))).toBeNull()
    expect(difference(of('proxy', 'virtual:small'), of('proxy', 'virtual:high'))).toBeNull()
    expect(compareSearches([of('ram', 'a'), of('ram', 'b')]).notes).toContain(note)
    expect(difference(of('proxy', 'virtual:small'), of('proxy', 'virtual:small'))?.value).toBe(0)
    // The board of a further budget does not change what the first one counts.
    expect(difference(of('bops', 'virtual:small'), of('bops', null))?.value).toBe(0)
  })

  it('of other networks, objectives or costs say so and have no interval', () => {
    const other = search({ costUnit: 'instructions' as Search['costUnit'], test: null }, 4)
    const request = { modelId: 'other', objective: 'mse' } as Search['request']
    const found = compareSearches([search({}, 4), { ...other, request }])
    expect(found.figures[0]!.against).toEqual([null, null])
    expect(found.notes).toHaveLength(3)
  })
})
