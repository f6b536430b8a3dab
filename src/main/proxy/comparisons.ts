import { publishedSetOf } from '../../core/proxy/report/publishedSets'
import { estimatorNames, type EstimatorName } from '../../shared/vocabulary'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { ComparisonRow, PublishedRow, TransferPoint, proxyContract } from '../../shared/contract/proxy'
import { AppError } from '../../shared/errors'
import type { JobContext, JobService } from '../jobs/jobService'
import type { SampleTable } from '../../core/proxy/samples'
import type { FitOutput } from './proxyTasks'
import type { SampleSources } from './fitSources'
import { taskOptions, type ProxyTaskRunner } from './taskRunner'

type Handlers = HandlersOf<typeof proxyContract>

/**
 * How long judging an estimator takes beside the others, roughly (measured on 736 rows): only the time left that is
 * shown depends on it.
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
      return start({
        kind: 'proxy.compare',
        title: `Compare ${names.length} estimators for ${kernel}`,
        unit: '%',
        total: 100,
        async run(context) {
          const samples = await sources.load(source, kernel)
          comparison = { title: `${kernel}, ${await sources.titleOf(source)}`, rows: [] }
          await compareEach(names, { samples, seed }, tasks, context, (row) => {
            comparison.rows.push(row)
            emit('proxy.compared', { jobId: context.id, row })
          })
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
          await measureSets(sets, deps, context, (row) => publishedRows.push(row))
        }
      }),
    'proxy.publishedTable': async () => ({ rows: publishedRows })
  }
}

/** Judges one estimator after the other on the same samples; progress goes by what each takes. */
async function compareEach(
  names: readonly EstimatorName[],
  { samples, seed }: { samples: SampleTable; seed: number },
  tasks: ProxyTaskRunner,
  context: JobContext,
  onRow: (row: ComparisonRow) => void
): Promise<void> {
  const total = names.reduce((sum, name) => sum + effort[name], 0)
  let before = 0
  for (const [at, estimator] of names.entries()) {
    const note = `${estimator}, ${at + 1} of ${names.length}`
    const report = (share: number): void =>
      context.progress((100 * (before + share * effort[estimator])) / total, 100, note)
    report(0)
    const { description, fitMs, splits } = await tasks.run(
      'proxy.compare',
      { samples, estimator, seed },
      taskOptions(context, (done, of) => report(done / of))
    )
    onRow({ estimator, description, fitMs, splits: comparedSplits(splits) })
    before += effort[estimator]
  }
  context.progress(100, 100, '')
}

/** Measures the sets of the published table again. */
async function measureSets(
  sets: Parameters<Handlers['proxy.measurePublished']>[0]['sets'],
  { sources, tasks }: { sources: SampleSources; tasks: ProxyTaskRunner },
  context: JobContext,
  onRow: (row: PublishedRow) => void
): Promise<void> {
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
    onRow({ dataset, publishedOneStage, publishedTwoStage, ...measured })
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
