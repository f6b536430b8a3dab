import { describe, expect, it } from 'vitest'
import { evaluateProxy } from '@core/proxy/fit/evaluate'
import type { Estimator } from '@core/proxy/estimators/estimator'
import { estimatorByName } from '@core/proxy/estimators/registry'
import {
  groupByKey,
  groupByShape,
  leaveOneShapeOut,
  randomFolds,
  shapeFolds,
  splitRows
} from '@core/proxy/fit/folds'
import { fitInterval, intervalFactors, measuredCoverage } from '@core/regression/interval'
import { spearman } from '@core/math/correlation'
import { quantile } from '@core/math/quantile'
import { metricsOf } from '@core/regression/metrics'
import { fitProxy, proxyFromJson } from '@core/proxy/fit/proxy'
import { joinSamples, takeSamples, type SampleTable } from '@core/proxy/samples'
import { syntheticConv } from '../../../../unit/core/proxy/syntheticSamples'

const samples = syntheticConv({ shapes: 12, noise: 0.05 })
const shapesOf = (set: SampleTable) =>
  new Set(Array.from({ length: set.count }, (_, row) => set.dims.map((column) => column[row]).join()))

describe('splits', () => {
  it('unseen-shape folds never share a shape, and every row is held out once', () => {
    for (const folds of [shapeFolds(samples), leaveOneShapeOut(samples)]) {
      let rows = 0
      for (let fold = 0; fold < folds.folds; fold++) {
        const { train, test } = splitRows(folds, fold)
        rows += test.length
        const seen = shapesOf(takeSamples(samples, train))
        for (const shape of shapesOf(takeSamples(samples, test))) expect(seen.has(shape)).toBe(false)
      }
      expect(rows).toBe(samples.count)
    }
  })

  it('repeated measurements stay on one side of a random split', () => {
    const twice = joinSamples([samples, samples])
    const { foldOf } = randomFolds(twice, 3)
    const { groupOf } = groupByKey(twice)
    const foldOfKey = new Map<number, number>()
    foldOf.forEach((fold, row) => {
      expect(foldOfKey.get(groupOf[row]!) ?? fold).toBe(fold)
      foldOfKey.set(groupOf[row]!, fold)
    })
    expect(groupByShape(twice).groups).toBe(groupByShape(samples).groups)
  })

  it('refuses to hold out the only shape', () => {
    expect(() => shapeFolds(takeSamples(samples, [0, 1, 2]))).toThrow('layer shapes')
  })
})

describe('evaluation', () => {
  it('shows nothing of a held-out shape to the fit or to the choice, extra rows included', () => {
    const trained: Set<string>[] = []
    const chosenOn: Set<string>[] = []
    const spy: Estimator = {
      name: 'spy',
      title: 'spy',
      fit(train, { extra }) {
        trained.push(shapesOf(extra === undefined ? train : joinSamples([train, extra])))
        return estimatorByName('physics').fit(train, { seed: 1 })
      },
      choose(train, { extra }) {
        chosenOn.push(shapesOf(extra === undefined ? train : joinSamples([train, extra])))
        return spy
      }
    }
    const folds = shapeFolds(samples)
    evaluateProxy(samples, spy, ['shape', 'loso'], { seed: 1, extra: samples })
    const held = (fold: number) => shapesOf(takeSamples(samples, splitRows(folds, fold).test))
    for (let fold = 0; fold < folds.folds; fold++) {
      for (const shape of held(fold)) {
        expect(chosenOn[fold]!.has(shape)).toBe(false)
        expect(trained[fold]!.has(shape)).toBe(false)
      }
    }
    const loso = trained.slice(folds.folds, folds.folds + 12)
    expect(loso.every((shapes) => shapes.size === 11)).toBe(true)
  })

  it('training error looks better than held-out error for trees', () => {
    const { splits } = evaluateProxy(samples, estimatorByName('forest'), ['train', 'random', 'shape'], {
      seed: 1
    })
    expect(splits.train!.mape).toBeLessThan(splits.random!.mape)
    expect(splits.random!.mape).toBeLessThan(splits.shape!.mape)
    expect(splits.shape!.int8Mape).not.toBeNull()
    expect(splits.shape!.foldMape.worst).toBeGreaterThanOrEqual(splits.shape!.foldMape.mean)
  })
})

describe('metrics', () => {
  it('are what they say on numbers worked out by hand', () => {
    const found = metricsOf([110, 190, 400], [100, 200, 400])
    expect(found.mape).toBeCloseTo(5, 10)
    expect(found.mae).toBeCloseTo(20 / 3, 10)
    expect(found.r2).toBeCloseTo(1 - 200 / (133.333 ** 2 + 33.333 ** 2 + 166.667 ** 2), 4)
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5)
    expect(spearman([1, 2, 3], [30, 20, 10])).toBe(-1)
    expect(metricsOf([1], [1]).r2).toBeNull()
  })
})

describe('intervals', () => {
  it('cover about what they promise on unseen shapes', () => {
    const proxy = fitProxy(samples, { kernel: 'conv2d', estimator: 'physics', seed: 1 })
    const fresh = syntheticConv({ shapes: 30, seed: 77, noise: 0.05 })
    const { low, high } = proxy.interval(fresh, 0.9)
    let inside = 0
    fresh.time.forEach((time, row) => (inside += time >= low[row]! && time <= high[row]! ? 1 : 0))
    expect(inside / fresh.count).toBeGreaterThan(0.8)
    expect(proxy.coverage90!).toBeGreaterThan(0.75)
    expect(proxy.interval(fresh, 0.5).high[0]!).toBeLessThan(high[0]!)
  })

  it('a calibration of perfect predictions has no width', () => {
    expect(intervalFactors(fitInterval([5, 6], [5, 6]), 0.9)).toEqual({ low: 1, high: 1 })
    expect(measuredCoverage([5, 6], [5, 6], Int32Array.of(0, 0), 0.9)).toBeNull()
  })
})

describe('proxy', () => {
  it('comes back from JSON with equal predictions, and refuses other kernels and other files', () => {
    const proxy = fitProxy(samples, { kernel: 'conv2d', estimator: 'residual', seed: 2 })
    const again = proxyFromJson(JSON.parse(JSON.stringify(proxy.toJSON())))
    expect(again.predict(samples)).toEqual(proxy.predict(samples))
    expect(() => proxy.predict({ ...samples, kernel: 'matmul' })).toThrow('not for matmul')
    for (const wrong of [null, {}, { format: 'bitbench.proxy', version: 2 }]) {
      expect(() => proxyFromJson(wrong)).toThrow('not a proxy')
    }
  })

  it('asks for more samples when there are hardly any', () => {
    expect(() => fitProxy(takeSamples(samples, [0, 1]), { kernel: 'conv2d', seed: 1 })).toThrow('at least 3')
  })

  it('fits a single shape, without an unseen-shape error', () => {
    const one = fitProxy(takeSamples(samples, [0, 1, 2, 3]), { kernel: 'conv2d', seed: 1 })
    expect(one.unseenShapeMape).toBeNull()
    expect(one.predict(samples).every((time) => time > 0)).toBe(true)
  })
})

it('has no R2 where all times are equal, also when their mean is rounded', () => {
  // Seven times 0.3 by 7 is not exactly 0.3 in binary.
  for (const time of [0.3, 1, 1e-6, 1e6])
    expect(metricsOf([1, 2, 3, 4, 5, 6, 7], Array<number>(7).fill(time)).r2).toBeNull()
  expect(metricsOf([1, 2], [1, 1.0001]).r2).not.toBeNull()
})
