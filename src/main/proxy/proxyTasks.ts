import type { ErrorSplit } from '../../shared/vocabulary'
import { drawShapes, enoughRows } from '../../core/proxy/fit/drawShapes'
import { fitWithDetail, type FittedProxy } from '../../core/proxy/fit/detail'
import { countFits } from '../../core/proxy/fit/fitProgress'
import { evaluateProxy, type SplitErrors } from '../../core/proxy/fit/evaluate'
import { estimatorByName } from '../../core/proxy/estimators/registry'
import { groupByShape } from '../../core/proxy/fit/folds'
import type { ProxyJson } from '../../core/proxy/fit/proxy'
import { measurePublishedRow, type MeasuredTableRow } from '../../core/proxy/report/publishedTable'
import type { SampleTable } from '../../core/proxy/samples'
import { transferCurve, type CurvePoint } from '../../core/proxy/transfer/curve'
import type { TaskContext } from '../threads/task'

/** A fitted proxy as a worker returns it. */
export type FitOutput = Omit<FittedProxy, 'proxy'> & { proxy: ProxyJson; description: string }

/** Fits and judgements that run in a worker: seconds of plain arithmetic each. */
export const proxyTasks = {
  'proxy.fit': (
    { samples, estimator, seed }: { samples: SampleTable; estimator: string; seed: number },
    context: TaskContext
  ): FitOutput => {
    const { proxy, ...detail } = fitWithDetail(drawShapes(samples, enoughRows, seed), {
      kernel: samples.kernel,
      estimator,
      seed,
      onProgress: (done, total, note) => context.progress(done, total, note)
    })
    return { ...detail, proxy: proxy.toJSON(), description: proxy.description }
  },
  'proxy.compare': (
    { samples: all, estimator, seed }: { samples: SampleTable; estimator: string; seed: number },
    context: TaskContext
  ): { description: string; fitMs: number; splits: Partial<Record<ErrorSplit, SplitErrors>> } => {
    const samples = drawShapes(all, enoughRows, seed)
    const work = countFits(estimatorByName(estimator), (share) => context.progress(100 * share, 100))
    const splits: ErrorSplit[] =
      groupByShape(samples).groups < 2 ? ['train', 'random'] : ['train', 'random', 'shape']
    const holdoutFits = 5 * (splits.length - 1)
    // Judging on training rows, five parts of every other split, and one fit to take the time of.
    work.expect(2 + holdoutFits, 2 + holdoutFits)
    const evaluation = evaluateProxy(samples, work.estimator, splits, { seed })
    const startedMs = performance.now()
    work.estimator.fit(samples, { seed })
    return {
      description: evaluation.description,
      fitMs: performance.now() - startedMs,
      splits: evaluation.splits
    }
  },
  'proxy.measurePublished': (
    { samples, seed }: { samples: SampleTable; seed: number },
    context: TaskContext
  ): MeasuredTableRow => {
    const { points: _points, ...row } = measurePublishedRow(samples, seed, (share) =>
      context.progress(100 * share, 100)
    )
    return row
  },
  'proxy.transfer': (
    {
      source,
      target,
      sizes,
      seeds
    }: { source: SampleTable; target: SampleTable; sizes: number[]; seeds: number },
    context: TaskContext
  ): CurvePoint[] =>
    transferCurve(source, target, {
      sizes,
      seeds,
      onProgress: (done, total, note) => context.progress(done, total, note)
    })
}
