import { describe, expect, it } from 'vitest'
import { compareCollections, type ComparedCollection } from '@core/compare/compareCollections'
import { compareEstimators } from '@core/compare/compareEstimators'
import type { EstimatorDetail } from '@shared/contract/estimator'

const errors = (mape: number) => ({ count: 4, maeMs: 1, rmseMs: 1, mape, r2: null, p95Ms: 3, relative: 0.1 })
const estimator = (model: string, errorOf: Record<string, number>): EstimatorDetail =>
  ({
    estimator: {
      model,
      stages: ['prefill'],
      origin: 'measured',
      seed: 1,
      rows: { train: 30, validation: 4 }
    },
    knobs: [{ name: 'tokens', levels: null, min: 1, max: 9 }],
    evaluation: {
      stages: { prefill: errors(5) },
      decodePerToken: null,
      total: errors(6),
      verdicts: [{ what: 'prefill', relative: 0.1, thresholds: {}, verdict: 'good' }],
      perConfiguration: Object.entries(errorOf).map(([configuration, totalMape]) => ({
        ...{ configuration, samples: 1, prefillMaeMs: null, decodeMaeMs: null, totalMaeMs: 2, totalMape }
      }))
    },
    history: [{ epoch: 1, validationLoss: 0.5 }],
    coverage: null
  }) as unknown as EstimatorDetail

describe('estimators side by side', () => {
  const { figures, rows, curves, notes } = compareEstimators([
    estimator('physical', { a: 4, b: 6, c: 10, onlyHere: 100 }),
    estimator('mlp', { a: 5, b: 8, c: 13, onlyThere: 1 })
  ])
  const named = (name: string) => figures.find((figure) => figure.name === name)!

  it('differ by the mean over the configurations that both held out, with Student’s interval', () => {
    const found = named('Mean over configurations: MAPE of the total')
    expect(found.values).toEqual([30, 6.75])
    // Differences 1, 2, 3: mean 2, deviation 1, half width t(0.975, 2) / sqrt 3 = 4.3027 / 1.7321.
    expect(found.against[1]!.value).toBeCloseTo(2, 12)
    expect(found.against[1]!.high).toBeCloseTo(2 + 4.30265 / Math.sqrt(3), 4)
    expect(found.against[1]!.low).toBeCloseTo(2 - 4.30265 / Math.sqrt(3), 4)
    expect(notes).toEqual([expect.stringContaining('held out different configurations')])
  })

  it('leave out what neither has, and show what was asked for', () => {
    expect(figures.map(({ name }) => name)).not.toContain('decode per token: MAPE')
    expect(named('prefill: MAPE')).toMatchObject({ values: [5, 5], against: [null, null] })
    expect(rows).toContainEqual({ name: 'model', cells: ['physical', 'mlp'] })
    expect(rows).toContainEqual({ name: 'verdict on prefill', cells: ['good', 'good'] })
    expect(curves.map(({ run, x, y }) => [run, x, y])).toEqual([
      [0, [1], [0.5]],
      [1, [1], [0.5]]
    ])
  })

  it('have no difference of totals that are sums of other stages, and say so', () => {
    const first = estimator('physical', { a: 1, b: 2, c: 4 })
    const second = structuredClone(estimator('physical', { a: 2, b: 4, c: 9 }))
    second.estimator.stages.push('decode')
    const found = compareEstimators([first, second])
    expect(found.figures[0]).toMatchObject({ values: [7 / 3, 5], against: [null, null] })
    expect(found.notes).toEqual([expect.stringContaining('different stages')])
  })

  it('have no difference where they share fewer than two configurations', () => {
    const found = compareEstimators([estimator('physical', { a: 1, b: 2 }), estimator('mlp', { a: 3, z: 4 })])
    expect(found.figures[0].against).toEqual([null, null])
  })
})

describe('collected stage times side by side', () => {
  const collection = (device: string, samples: ComparedCollection['samples']): ComparedCollection => ({
    collection: {
      subject: { model: 'net', device, runtime: 'ort' } as never,
      ...{ measured: samples.length, failed: 0, request: { repetitions: 2, seed: 1 } as never }
    },
    samples
  })
  const at = (tokens: number, prefill: number, perToken?: number[]) => ({
    ...{ knobs: { tokens, tier: 'x' }, stages: { prefill } },
    ...(perToken ? { outputTokens: perToken.length, decodePerTokenMs: perToken } : {})
  })

  it('have the ratio of every stage at configurations of equal knobs, repetitions averaged', () => {
    const first = collection('a', [at(1, 10), at(1, 30), at(2, 40), at(3, 7)])
    const second = collection('b', [{ knobs: { tier: 'x', tokens: 1 }, stages: { prefill: 40 } }, at(2, 80)])
    const { figures, notes, rows } = compareCollections([first, second])
    expect(figures[0]).toMatchObject({
      ...{ name: 'prefill: time (2 configurations)', how: 'ratio', unit: 'ms' },
      values: [20 * Math.SQRT2, 40 * Math.SQRT2].map((ms) => expect.closeTo(ms, 9))
    })
    expect(figures[0].against[1]!.value).toBeCloseTo(2, 12)
    expect(notes).toEqual([])
    expect(rows).toContainEqual({ name: 'device', cells: ['a', 'b'] })
  })

  it('sum times by position to the decode stage and all stages to a total', () => {
    const { figures } = compareCollections([
      collection('a', [at(1, 10, [1, 2, 3]), at(2, 10, [4, 5, 6])]),
      collection('b', [at(1, 10, [2, 4, 6]), at(2, 10, [8, 10, 12])])
    ])
    const value = (name: string) => figures.find((figure) => figure.name.startsWith(name))!.against[1]!.value
    expect(value('decode: time')).toBeCloseTo(2, 12)
    // 22 / 16 and 40 / 25: their geometric mean.
    expect(value('total: time')).toBeCloseTo(Math.sqrt((22 / 16) * (40 / 25)), 12)
  })

  it('have no ratio of totals that are sums of other stages, and say so', () => {
    const { figures, notes } = compareCollections([
      collection('a', [at(1, 10), at(2, 10), at(3, 10)]),
      collection('b', [at(1, 10, [2]), at(2, 10, [8]), at(3, 20)])
    ])
    const total = figures.find(({ name }) => name.startsWith('total: time'))!
    // Only the third configuration has the same stages in both.
    expect(total).toMatchObject({
      ...{ name: 'total: time (1 configuration)', values: [10, 20] },
      against: [null, { value: 2, low: null, high: null }]
    })
    expect(notes).toEqual([expect.stringContaining('different stages')])
  })

  it('say when nothing is in common', () => {
    const { notes } = compareCollections([collection('a', [at(1, 1)]), collection('b', [at(2, 1)])])
    expect(notes[0]).toContain('Not all of them measured a configuration of the first one')
  })
})
