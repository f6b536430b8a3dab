import { errorsByPair, evaluate, type SplitErrors, type SplitName } from './evaluate'
import { estimatorByName } from './estimators/registry'
import { groupByShape } from './folds'
import { workColumns } from './features'
import { intervalFactors } from './interval'
import { kernelSpec } from './kernels'
import { learningCurve, type LearningPoint } from './learningCurve'
import { fitProxy, type FitProxyOptions, type Proxy } from './proxy'
import { shapeText, type Samples } from './samples'

/** Level of the intervals that are drawn. */
export const drawnLevel = 0.9

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
  splits: Partial<Record<SplitName, SplitErrors>>
  points: ProxyPoint[]
  importance: { feature: string; share: number }[]
  perPair: { activationBits: number; weightBits: number; count: number; mape: number }[]
  learningCurve: LearningPoint[]
  interval: { level: number; coverage: number | null }
}

/** Fits a proxy and judges it on every split that the samples allow. Throws as fitProxy. */
export function fitWithDetail(samples: Samples, options: FitProxyOptions): FittedProxy {
  const { onProgress } = options
  const stages = 4
  onProgress?.(0, stages, 'fitting')
  const { onProgress: _progress, ...quiet } = options
  const proxy = fitProxy(samples, quiet)
  onProgress?.(1, stages, 'judging on held-out rows')
  const estimator = estimatorByName(options.estimator ?? 'auto')
  const shapes = groupByShape(samples).groups
  const wanted: SplitName[] = shapes < 2 ? ['random'] : ['random', 'shape']
  const base = { seed: options.seed, ...(options.extra === undefined ? {} : { extra: options.extra }) }
  const evaluation = evaluate(samples, estimator, wanted, base)
  onProgress?.(2, stages, 'learning curve')
  const train = proxy.predict(samples)
  const heldOut = evaluation.predictions.shape ?? train
  const factors = intervalFactors({ logRatios: Float64Array.from(proxy.toJSON().logRatios) }, drawnLevel)
  const { macs } = workColumns(samples)
  const fixed = estimator.choose?.(samples, base) ?? estimator
  const curve = shapes < 4 ? [] : learningCurve(samples, fixed, options.seed)
  onProgress?.(3, stages, 'drawing')
  const points = Array.from({ length: samples.count }, (_, row) => ({
    row,
    shape: shapeText(samples, row),
    activationBits: samples.activationBits[row],
    weightBits: samples.weightBits[row],
    macs: macs[row],
    measured: samples.time[row],
    predicted: heldOut[row],
    low: heldOut[row] * factors.low,
    high: heldOut[row] * factors.high,
    sampleId: samples.labels?.['SampleId']?.[row] ?? null
  }))
  onProgress?.(stages, stages, '')
  return {
    proxy,
    splits: {
      ...evaluation.splits,
      train: evaluate(samples, fixedModel(proxy), ['train'], base).splits.train!
    },
    points,
    importance: proxy.model.importance?.() ?? [],
    perPair: kernelSpec(samples.kernel).hasPrecision ? errorsByPair(samples, heldOut) : [],
    learningCurve: curve,
    interval: { level: drawnLevel, coverage: proxy.coverage90 }
  }
}

/** An estimator that answers the model at hand, to judge it as it is. */
function fixedModel(proxy: Proxy): ReturnType<typeof estimatorByName> {
  return { name: proxy.estimator, title: proxy.description, fit: () => proxy.model }
}
