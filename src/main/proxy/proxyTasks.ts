import { fitWithDetail, type FittedProxy } from '../../core/proxy/detail'
import { evaluate, type SplitErrors, type SplitName } from '../../core/proxy/evaluate'
import { estimatorByName } from '../../core/proxy/estimators/registry'
import { groupByShape } from '../../core/proxy/folds'
import type { ProxyJson } from '../../core/proxy/proxy'
import type { Samples } from '../../core/proxy/samples'
import { transferCurve, type TransferPoint } from '../../core/proxy/transfer/curve'
import type { TaskContext } from '../jobs/taskWorker'

export type FitOutput = Omit<FittedProxy, 'proxy'> & { proxy: ProxyJson; description: string }

/** Fits and judgements that run in a worker: seconds of plain arithmetic each. */
export const proxyTasks = {
  'proxy.fit': (
    { samples, estimator, seed }: { samples: Samples; estimator: string; seed: number },
    context: TaskContext
  ): FitOutput => {
    const { proxy, ...detail } = fitWithDetail(samples, {
      kernel: samples.kernel,
      estimator,
      seed,
      onProgress: (done, total, note) => context.progress(done, total, note)
    })
    return { ...detail, proxy: proxy.toJSON(), description: proxy.description }
  },
  'proxy.compare': (
    { samples, estimator, seed }: { samples: Samples; estimator: string; seed: number },
    context: TaskContext
  ): { description: string; fitMs: number; splits: Partial<Record<SplitName, SplitErrors>> } => {
    const chosen = estimatorByName(estimator)
    const splits: SplitName[] =
      groupByShape(samples).groups < 2 ? ['train', 'random'] : ['train', 'random', 'shape']
    const evaluation = evaluate(samples, chosen, splits, {
      seed,
      onProgress: (done, total, note) => context.progress(done, total, note)
    })
    const startedMs = performance.now()
    chosen.fit(samples, { seed })
    return {
      description: evaluation.description,
      fitMs: performance.now() - startedMs,
      splits: evaluation.splits
    }
  },
  'proxy.transfer': (
    { source, target, sizes, seeds }: { source: Samples; target: Samples; sizes: number[]; seeds: number },
    context: TaskContext
  ): TransferPoint[] =>
    transferCurve(source, target, {
      sizes,
      seeds,
      onProgress: (done, total, note) => context.progress(done, total, note)
    })
}
