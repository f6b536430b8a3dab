import { publishedSetOf } from '../../core/proxy/report/publishedSets'
import { estimatorNames, type EstimatorName } from '../../shared/vocabulary'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { ComparisonRow, PublishedRow, TransferPoint, proxyContract } from '../../shared/contract/proxy'
import { AppError } from '../../shared/errors'
import type { JobService } from '../jobs/jobService'
import type { FitOutput } from './proxyTasks'
import type { SampleSources } from './fitSources'
import { taskOptions, type ProxyTaskRunner } from './taskRunner'

type Handlers = HandlersOf<typeof proxyContract>

/**
 * How long judging an estimator takes beside the others, roughly (measured on 736 rows): only what is told of the time
 * left depends on it.
 */
const effort: Record<EstimatorName, number> = {
  bopsLinear: 1,
  cbopsLinear: 1,
  lookup: 1,
  physics: 3,
  forest: 8,
  extraTrees: 8,
  boosting: 20,
  residual: 12,
  gaussianProcess: 60,
  twoStage: 60,
  stacking: 300,
  auto: 300
}

/** Estimators, devices and the published table compared: long jobs whose last result stays. */
export function createComparisons(deps: {
  sources: SampleSources
  jobs: JobService
  tasks: ProxyTaskRunner
  emit: EmitterOf<typeof proxyContract>
}): Pick<
  Handlers,
  | 'proxy.compare'
  | 'proxy.comparison'
  | 'proxy.transfer'
  | 'proxy.transferCurve'
  | 'proxy.measurePublished'
  | 'proxy.publishedTable'
> {
  const { sources, jobs, tasks, emit } = deps
  let comparison: { title: string; rows: ComparisonRow[] } = { title: '', rows: [] }
  let transfer: { title: string; points: TransferPoint[] } = { title: '', points: [] }
  let publishedRows: PublishedRow[] = []

  const start = jobs.launch

  return {
    'proxy.compare': async ({ source, kernel, estimators, seed }) => {
      // The quick ones first: there is something to look at from the start.
      const names = [...(estimators ?? estimatorNames)].sort((a, b) => effort[a] - effort[b])
      const total = names.reduce((sum, name) => sum + effort[name], 0)
      return start({
        kind: 'proxy.compare',
        title: `Compare ${names.length} estimators for ${kernel}`,
        unit: '%',
        total: 100,
        async run(context) {
          const samples = await sources.load(source, kernel)
          comparison = { title: `${kernel}, ${await sources.titleOf(source)}`, rows: [] }
          let before = 0
          for (const [at, estimator] of names.entries()) {
            const note = `${estimator}, ${at + 1} of ${names.length}`
            const tell = (share: number): void =>
              context.progress((100 * (before + share * effort[estimator])) / total, 100, note)
            tell(0)
            const { description, fitMs, splits } = await tasks.run(
              'proxy.compare',
              { samples, estimator, seed },
              taskOptions(context, (done, of) => tell(done / of))
            )
            const row: ComparisonRow = { estimator, description, fitMs, splits: comparedSplits(splits) }
            comparison.rows.push(row)
            emit('proxy.compared', { jobId: context.id, row })
            before += effort[estimator]
          }
          context.progress(100, 100, '')
        }
      })
    },
    'proxy.comparison': async () => comparison,
    'proxy.transfer': async ({ source, target, kernel, sizes, seeds }) =>
      start({
        kind: 'proxy.transfer',
        title: `Transfer of ${kernel}`,
        unit: 'points',
        async run(context) {
          const [from, to] = [await sources.load(source, kernel), await sources.load(target, kernel)]
          const points = await tasks.run(
            'proxy.transfer',
            { source: from, target: to, sizes, seeds },
            taskOptions(context)
          )
          transfer = { title: `${await sources.titleOf(source)} to ${await sources.titleOf(target)}`, points }
          for (const point of points) emit('proxy.transferred', { jobId: context.id, point })
        }
      }),
    'proxy.transferCurve': async () => transfer,
    'proxy.measurePublished': async ({ sets }) =>
      start({
        kind: 'proxy.measurePublished',
        title: 'The published table, measured again',
        unit: '%',
        total: 100,
        async run(context) {
          publishedRows = []
          for (const [at, { dataset, source, kernel }] of sets.entries()) {
            const { publishedOneStage, publishedTwoStage } = publishedSetOf(dataset)
            const samples = await sources.load(source, kernel)
            const measured = await tasks.run(
              'proxy.measurePublished',
              { samples, seed: 1 },
              taskOptions(context, (done, of) =>
                context.progress((100 * (at + done / of)) / sets.length, 100, dataset)
              )
            )
            publishedRows.push({ dataset, publishedOneStage, publishedTwoStage, ...measured })
          }
        }
      }),
    'proxy.publishedTable': async () => ({ rows: publishedRows })
  }
}

function comparedSplits(splits: FitOutput['splits']): ComparisonRow['splits'] {
  const { train, random, shape, loso } = splits
  return {
    train: required(train),
    random: required(random),
    ...(shape === undefined ? {} : { shape }),
    ...(loso === undefined ? {} : { loso })
  }
}

function required<T>(value: T | undefined): T {
  if (value !== undefined) return value
  throw new AppError(
    'proxy.tooFewSamples',
    'The samples are too few for this split.',
    'Profile more layer shapes and try again.'
  )
}
