import type { ErrorSplit } from '../../../shared/vocabulary'
import { errorsByPair, evaluateProxy, type SplitErrors } from './evaluate'
import { countFits } from './fitProgress'
import type { Estimator } from '../estimators/estimator'
import { estimatorByName } from '../estimators/registry'
import { groupByShape } from './folds'
import { workColumns } from '../features'
import { intervalFactors } from '../../regression/interval'
import { kernelSpec } from '../../kernel/spec'
import { curveFits, learningCurve, type LearningPoint } from './learningCurve'
import { fitProxy, type FitProxyOptions, type Proxy } from './proxy'
import { shapeText, type SampleTable } from '../samples'

/** Level of the intervals that are drawn. */
export const drawnLevel = 0.9

/** A sample with its held-out prediction and 90 % interval, in the proxy's unit. */
export interface ProxyPoint {
  row: number
  shape: string
  activationBits: number
  weightBits: number
  macs: number
  measured: number
  /** By a model that has not seen the shape (with a single shape: the fitted model). */
  predicted: number
  low: number
  high: number
  sampleId: string | null
}

/** Everything a page or report shows of a proxy. */
export interface FittedProxy {
  proxy: Proxy
  splits: Partial<Record<ErrorSplit, SplitErrors>>
  points: ProxyPoint[]
  importance: { feature: string; share: number }[]
  perPair: { activationBits: number; weightBits: number; count: number; mape: number }[]
  learningCurve: LearningPoint[]
  interval: { level: number; coverage: number | null }
}

/**
 * Fits a proxy and judges it on every split that the samples allow; progress counts fits, in percent of all. Throws as
 * fitProxy.
 */
export function fitWithDetail(samples: SampleTable, options: FitProxyOptions): FittedProxy {
  const { onProgress, ...quiet } = options
  let stage = 'fitting'
  const work = countFits(estimatorByName(options.estimator ?? 'auto'), (share) =>
    onProgress?.(100 * share, 100, stage)
  )
  const shapes = groupByShape(samples).groups
  const wanted: ErrorSplit[] = shapes < 2 ? ['random'] : ['random', 'shape']
  // Every split holds out five parts, choosing again for each; so does calibrating, with the choice made.
  work.expect(1 + 5 * wanted.length, 6 + 5 * wanted.length + curveFits(samples))
  onProgress?.(0, 100, stage)
  let chosen: Estimator = work.estimator
  const proxy = fitProxy(samples, {
    ...quiet,
    using: {
      ...work.estimator,
      choose: (train, fitOptions) => (chosen = work.estimator.choose?.(train, fitOptions) ?? work.estimator)
    }
  })
  stage = 'judging on held-out rows'
  const base = { seed: options.seed, ...(options.extra === undefined ? {} : { extra: options.extra }) }
  const evaluation = evaluateProxy(samples, work.estimator, wanted, base)
  stage = 'learning curve'
  const train = proxy.predict(samples)
  const holdout = evaluation.predictions.shape ?? train
  const factors = intervalFactors({ logRatios: Float64Array.from(proxy.toJSON().logRatios) }, drawnLevel)
  const { macs } = workColumns(samples)
  const curve = learningCurve(samples, chosen, options.seed)
  const points = Array.from({ length: samples.count }, (_, row) => ({
    row,
    shape: shapeText(samples, row),
    activationBits: samples.activationBits[row],
    weightBits: samples.weightBits[row],
    macs: macs[row],
    measured: samples.time[row],
    predicted: holdout[row],
    low: holdout[row] * factors.low,
    high: holdout[row] * factors.high,
    sampleId: samples.labels?.['SampleId']?.[row] ?? null
  }))
  onProgress?.(100, 100, '')
  return {
    proxy,
    splits: {
      ...evaluation.splits,
      train: evaluateProxy(samples, fixedModel(proxy), ['train'], base).splits.train!
    },
    points,
    importance: proxy.model.importance?.() ?? [],
    perPair: kernelSpec(samples.kernel).hasWeights ? errorsByPair(samples, holdout) : [],
    learningCurve: curve,
    interval: { level: drawnLevel, coverage: proxy.coverage90 }
  }
}

/** An estimator that returns the given model, to judge it as it is. */
function fixedModel(proxy: Proxy): ReturnType<typeof estimatorByName> {
  return { name: proxy.estimator, title: proxy.description, fit: () => proxy.model }
}
