import { describe, expect, it } from 'vitest'
import type { Candidate } from '@core/search/candidate'
import { additiveSettings, fitLossModel, logLoss, pairwiseSettings } from '@core/search/loss/lossModel'
import * as probes from '@core/search/loss/probes'
import {
  createSpace,
  genesKey,
  schemeOfGenes,
  tableCost,
  type Genes,
  type SearchSpace
} from '@core/search/space'
import { buildCostTable } from '@core/search/costs/costTable'
import { schemeWidths } from '@core/quant/scheme'
import type { SearchState } from '@core/search/strategy'

/** Expected losses of schemes, by hand and by solving the posterior as a whole. */
const space = createSpace({
  layers: ['a', 'b', 'c'],
  macs: [1, 2, 3],
  costs: [tableCost(buildCostTable(3, 'cycles', 0, (_, w, a) => w * a))]
})
const genes = (...of: number[]): Genes => Uint8Array.from(of)
const candidate = (of: Genes, loss: number, index = 0): Candidate =>
  ({ scheme: schemeOfGenes(space, of), loss, index }) as Candidate

describe('probes', () => {
  it('lower every free width alone to 2 bits, or neighbours of a kind together', () => {
    // The first layer's activations are the input: five free widths.
    const alone = probes.probesOf(space, 10)
    expect(alone.map(({ positions }) => positions)).toEqual([[0], [2], [3], [4], [5]])
    expect(alone.map((probe) => genesKey(probe.genes))).toEqual([
      '200000',
      '002000',
      '000200',
      '000020',
      '000002'
    ])
    expect(probes.probesOf(space, 3).map(({ positions }) => positions)).toEqual([[0, 2], [3, 5], [4]])
    expect(probes.probesOf(space, 0).map(({ positions }) => positions)).toEqual([
      [0, 2, 4],
      [3, 5]
    ])
  })

  it('take the width nearest to 2 bits that a layer has, and go from the widest it has', () => {
    const pinned = createSpace({
      ...{ layers: ['a', 'b', 'c'], macs: [1, 1, 1], costs: space.costs },
      allowed: [
        { layer: 'a', weightBits: [4, 1] },
        { layer: 'b', weightBits: [4], activationBits: [8, 4] }
      ]
    })
    expect(genesKey(probes.widestGenes(pinned))).toBe('101000')
    expect(probes.probesOf(pinned, 10).map((probe) => genesKey(probe.genes))).toEqual([
      ...['301000', '101100', '101020', '101002']
    ])
  })

  it('leave one evaluation behind all-8-bit and themselves', () => {
    const count = (evaluations: number): number => probes.probesFor({ space, evaluations }).length
    expect([1, 2, 3, 4, 5, 6, 7, 100].map(count)).toEqual([0, 0, 0, 2, 3, 3, 5, 5])
    const given = { losses: [1, 2, 3], bits: 4 as const }
    expect(probes.probesFor({ space, evaluations: 100, given } as never)).toEqual([])
  })

  it('that were not seen yet come first, behind all-8-bit', () => {
    const own = probes.probesOf(space, 10)
    const state = { space, seen: new Set(['000000', '002000']) } as unknown as SearchState
    const pending = probes.pendingProbes(state, own, 2)
    expect(pending.map((one) => genesKey(one.genes))).toEqual(['200000', '000200'])
    expect(pending[0]).toMatchObject({ phase: 'initial', expectedLoss: null })
    expect(genesKey(probes.pendingProbes({ space, seen: new Set() } as never, own, 1)[0]!.genes)).toBe(
      '000000'
    )
  })

  it('give the loss they add, spread evenly; less than nothing is nothing', () => {
    const own = probes.probesOf(space, 3)
    const history = [
      candidate(genes(0, 0, 0, 0, 0, 0), 0.5),
      candidate(own[0]!.genes, 0.9),
      candidate(own[1]!.genes, 0.4)
    ]
    const found = probes.sensitivityOf(space, history, own)
    expect(found.base).toBe(0.5)
    expect(Array.from(found.added)).toEqual([0.2, 0, 0.2, 0, 0, 0])
    expect(Array.from(found.probed)).toEqual([2, 0, 2, 2, 2, 2])
    expect(probes.sensitivityOf(space, [], own).base).toBe(0)
  })

  it('are replaced by losses that were given; what is unknown takes the median', () => {
    const state = {
      ...{ space, history: [candidate(genes(0, 0, 0, 0, 0, 0), 0.25)] },
      given: { losses: [0.1, null, -3], bits: 4 }
    } as unknown as SearchState
    const { base, added, probed } = probes.knownSensitivity(state, [])
    expect(base).toBe(0.25)
    // Median of -3 and 0.1.
    expect(Array.from(added)).toEqual([0.1, 0, 0, 0, 0, 0])
    expect(Array.from(probed)).toEqual([1, 0, 1, 1, 1, 1])
    const three = { ...state, given: { losses: [0.1, null, 0.3], bits: 4 } } as unknown as SearchState
    expect(probes.knownSensitivity(three, []).added[2]).toBeCloseTo(0.2, 12)
  })
})

describe('additive losses', () => {
  it('are the probes’ times the shape: 1 at 2 bits, 0.12 at 4, 3 at 1, nothing at 8', () => {
    expect(probes.lossShape(space)).toEqual([0, 0.12, 1, 3])
    expect(probes.lossShape({ widths: schemeWidths })).toEqual([0, 0.002, 0.0075, 0.03, 0.12, 0.35, 1, 3])
    const sensitivity = {
      ...{
        base: 0.5,
        added: Float64Array.of(0.2, 0, 0.4, 0, 0.1, 0.6),
        probed: Uint8Array.of(2, 0, 1, 2, 3, 2)
      }
    }
    const losses = probes.additiveLosses(space, sensitivity)
    expect(losses.length).toBe(3 * 16)
    const of = (layer: number, weight: number, activation: number): number =>
      losses[(layer * 4 + weight) * 4 + activation]!
    // The input's width adds nothing, whatever it is.
    expect([of(0, 2, 0), of(0, 2, 3)]).toEqual([0.2, 0.2])
    expect(of(0, 1, 0)).toBeCloseTo(0.2 * 0.12, 12)
    // Probed at 4 bits: 0.4 belongs to 0.12 of the shape. Nothing was seen at 3: 1e-7.
    expect(of(1, 2, 0)).toBeCloseTo(0.4 / 0.12, 9)
    expect(of(1, 0, 3)).toBeCloseTo(3e-7, 15)
    // Probed at 1 bit: 0.1 belongs to 3.
    expect(of(2, 3, 2)).toBeCloseTo(0.1 + 0.6, 12)
    expect(of(2, 0, 0)).toBe(0)
    expect(probes.sumOfLosses(losses, genes(2, 0, 2, 0, 3, 2))).toBeCloseTo(0.2 + 0.4 / 0.12 + 0.7, 9)
  })
})

/** Posterior of a Gaussian process by elimination, with the prior as it is described. */
function posterior(
  own: SearchSpace,
  seen: readonly { genes: Genes; log: number }[],
  sensitivity: probes.ProbedLoss,
  settings: typeof pairwiseSettings,
  at: Genes
): { mean: number; deviation: number } {
  const shape = [0, 0.12, 1, 3]
  const parts = (of: Genes): number[] =>
    Array.from(of, (gene, place) =>
      own.choices[place]!.length < 2
        ? 0
        : (Math.max(sensitivity.added[place]!, 1e-7) * shape[gene]!) / shape[sensitivity.probed[place]!]!
    )
  const expected = (of: Genes): number => Math.log(sensitivity.base + parts(of).reduce((x, y) => x + y, 0))
  const shares = (of: Genes): number[] => parts(of).map((part) => part / Math.exp(expected(of)))
  const k = (a: Genes, b: Genes): number => {
    const [x, y] = [shares(a), shares(b)]
    let sum = settings.offset ** 2
    for (let level = 1; level < 4; level++) {
      const on = (of: Genes, part: number[]): number =>
        part.reduce((all, share, place) => (of[place] === level ? all + share : all), 0)
      sum += settings.shape[level]! ** 2 * on(a, x) * on(b, y)
    }
    for (let i = 0; i < a.length; i++) {
      if (a[i] !== b[i]) continue
      sum += settings.width[a[i]!]! ** 2 * x[i]! * y[i]!
      for (let j = 0; j < i; j++)
        if (a[j] === b[j]) sum += settings.pair ** 2 * Math.sqrt(x[i]! * y[i]! * x[j]! * y[j]!)
    }
    return sum
  }
  const rows = seen.map((one, i) => [
    ...seen.map((other, j) => k(one.genes, other.genes) + (i === j ? settings.noise ** 2 : 0)),
    ...[one.log - expected(one.genes), k(one.genes, at)]
  ])
  for (let i = 0; i < rows.length; i++) {
    for (let r = 0; r < rows.length; r++) {
      if (r === i) continue
      const factor = rows[r]![i]! / rows[i]![i]!
      rows[r] = rows[r]!.map((value, c) => value - factor * rows[i]![c]!)
    }
  }
  let [mean, variance] = [expected(at), k(at, at)]
  for (const [i, row] of rows.entries()) {
    mean += (k(seen[i]!.genes, at) * row.at(-2)!) / row[i]!
    variance -= (k(seen[i]!.genes, at) * row.at(-1)!) / row[i]!
  }
  return { mean, deviation: Math.sqrt(variance) }
}

describe('the model of the loss', () => {
  const sensitivity = {
    ...{
      base: 0.5,
      added: Float64Array.of(0.2, 0, 0.4, 0.05, 0.1, 0.6),
      probed: Uint8Array.of(2, 0, 2, 2, 2, 2)
    }
  }
  const seen = [
    { genes: genes(0, 0, 0, 0, 0, 0), loss: 0.52 },
    { genes: genes(2, 0, 2, 1, 0, 0), loss: 1.4 },
    { genes: genes(3, 0, 2, 2, 1, 1), loss: 2.9 },
    { genes: genes(1, 0, 3, 2, 1, 2), loss: 2.2 }
  ]
  const history = seen.map((one, index) => candidate(one.genes, one.loss, index))
  const logs = seen.map((one) => ({ genes: one.genes, log: Math.log(one.loss) }))
  const asked = [
    genes(2, 0, 2, 2, 1, 1),
    genes(0, 0, 0, 0, 0, 0),
    genes(3, 0, 3, 3, 3, 3),
    genes(1, 0, 1, 1, 1, 2)
  ]

  it.each([
    ['pairwise', pairwiseSettings],
    ['additive', additiveSettings]
  ])('%s is the posterior of its prior', (_, settings) => {
    const model = fitLossModel(space, history, sensitivity, settings)
    const more = model.believing(asked[0]!, 0.9)
    for (const at of asked) {
      const [found, expected] = [model.predict(at), posterior(space, logs, sensitivity, settings, at)]
      expect(found.mean).toBeCloseTo(expected.mean, 9)
      expect(found.deviation).toBeCloseTo(expected.deviation, 6)
      const after = posterior(space, [...logs, { genes: asked[0]!, log: 0.9 }], sensitivity, settings, at)
      expect(more.predict(at).mean).toBeCloseTo(after.mean, 9)
    }
    expect(settings.pair === 0).toBe(settings === additiveSettings)
  })

  it('goes by the 64 of least loss, and by nothing below a millionth', () => {
    expect([logLoss(0), logLoss(-1), logLoss(1e-6), logLoss(1)]).toEqual([
      Math.log(1e-6),
      Math.log(1e-6),
      Math.log(1e-6),
      0
    ])
    const worse = Array.from({ length: 70 }, (_, at) => candidate(genes(3, 0, 3, 3, 3, 3), 50 + at, 10 + at))
    const many = fitLossModel(space, [...worse, ...history], sensitivity).predict(asked[0]!)
    const kept = fitLossModel(space, [...history, ...worse.slice(0, 60)], sensitivity).predict(asked[0]!)
    expect(many.mean).toBe(kept.mean)
    const fewer = fitLossModel(space, [...history, ...worse.slice(0, 59)], sensitivity).predict(asked[0]!)
    expect(fewer.mean).not.toBe(kept.mean)
  })
})
