import { schemeKey, uniformScheme, type Scheme } from '../../../core/quant/scheme'
import type { Candidate } from '../../../core/search/candidate'
import { objectives } from '../../../shared/vocabulary'
import { comparePaired, type Paired } from '../../../core/search/paired'
import { runSearch, type SearchOutcome } from '../../../core/search/runSearch'
import { schemeReasons, widthReports } from '../../../core/search/widthReport'
import { costsOf, searchLimits } from '../../../core/search/costs/limits'
import { strategySchema } from '../../../shared/contract/search'
import type { Split } from '../../../shared/contract/model'
import { namedScoreText, scoreNameOf, type ScoreName } from '../../../shared/score'
import { infeasibleText } from '../../../shared/text/infeasibleText'
import { countOf, formatCount, formatLoss, formatPercent } from '../../../shared/units'
import { createPause } from '../../threads/pause'
import { createTaskPool } from '../../threads/taskPool'
import type { Tasks } from '../../taskRegistry'
import { generatedSetOf } from '../../model/data/generatedItems'
import { createImageLibrary } from '../../model/data/imageLibrary'
import { builtPath, resourcePath } from '../../paths'
import {
  choiceOption,
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext
} from '../framework/framework'
import { openModel } from '../model/model'
import type { Judged } from '../../model/modelTasks'
import type { SchemeMeasure } from '../../model/accuracy/schemeEvaluations'
import { methodOf } from '../model/method'
import { withDataSet } from '../model/ownData'
import { runKeptSearch } from './searchKept'
import { modelOnQueue, workersOf } from './queueOption'
import { againstInt8, testText } from './searchVerdict'
import { allowedBits, budgetedSpace, startScheme, type BudgetedSpace } from './searchBudgets'

/** `bitbench search run`: the search of the Search page on files alone. */
export async function runSearchVerb(args: CliArguments, context: CliContext) {
  const started = performance.now()
  const file = searchedFile(args)
  if (args.values['keep'] === true) return await runKeptSearch(args, context, file)
  refuseKeptOptions(args)
  const model = await openModel(args, context, file)
  const budgeted = await budgetedSpace(args, context, model.graph)
  const plan = planOf(args, budgeted)
  const start = startScheme(args, model.graph, allowedBits(args, plan.space.layers))
  const method = methodOf(args)
  const workers = workersOf(args)
  const early = searchLimits(plan.space, budgeted.ratios)
  const costs = budgetsOf(early, budgeted)
  const { unit, baselineCost } = costs[0]
  const about = {
    model: model.summary.name,
    method,
    ...settingsOf(plan),
    ...(start === undefined ? {} : { start }),
    unit,
    baselineCost,
    costs
  }
  if (!early.isFeasible)
    return { json: { ...about, budgetFeasible: false, scheme: null }, text: infeasible(early, budgeted) }

  const measuring = await openMeasuring(args, context, file, { model, method, workers })
  try {
    const { outcome, ...found } = await searchAndCompare({ ...plan, start }, measuring, budgeted, context)
    const json = {
      ...about,
      dataSet: measuring.dataSet ?? model.graph.dataSet ?? null,
      budgetFeasible: true,
      ...found,
      trace: outcome.trace,
      seconds: (performance.now() - started) / 1000
    }
    return { json, text: summary(outcome, json, budgeted) }
  } finally {
    await measuring.close()
  }
}

/** The file of --model. @throws UsageError when absent */
function searchedFile(args: CliArguments): string {
  const file = textOption(args, 'model')
  if (file === undefined) throw new UsageError('search run needs --model FILE.onnx')
  return file
}

/** @throws UsageError for an option that only a kept search has */
function refuseKeptOptions(args: CliArguments): void {
  if (textOption(args, 'workload') !== undefined) throw new UsageError('--workload goes with --keep')
  if (textOption(args, 'retrain-top') !== undefined) throw new UsageError('--retrain-top goes with --keep')
}

/** Searches, then measures the best scheme on the splits of search and test. @throws AbortError when stopped */
async function searchAndCompare(
  settings: Parameters<typeof runSearch>[0],
  { measure, testSplit }: Measuring,
  budgeted: BudgetedSpace,
  context: CliContext
) {
  let metric: ScoreName = 'accuracy'
  const outcome = await runSearch(settings, {
    evaluate: async (scheme) => {
      const { accuracy, kl, crossEntropy, mse, metrics } = await measure(scheme, 'search')
      metric = scoreNameOf(metrics)
      return { accuracy, kl, crossEntropy, mse }
    },
    signal: context.signal,
    pause: createPause(),
    onCandidate: (candidate) => context.log(describe(candidate, budgeted, metric))
  })
  context.signal.throwIfAborted()
  const { best } = outcome
  const report = (on: Split): ReturnType<typeof reportOn> =>
    reportOn(on, settings.space.layers, best?.scheme ?? null, measure)
  return {
    outcome,
    metric,
    bestCost: best?.cost ?? null,
    scheme: best?.scheme ?? null,
    search: await report('search'),
    test: await report(testSplit)
  }
}

function planOf(args: CliArguments, { space, ratios }: BudgetedSpace) {
  return {
    space,
    budgetRatios: ratios,
    strategy: choiceOption(args, 'strategy', strategySchema.options) ?? 'auto',
    objective: choiceOption(args, 'objective', objectives) ?? 'kl',
    evaluations: numberOption(args, 'evaluations', { min: 2, max: 1000, integer: true }) ?? 32,
    batch: numberOption(args, 'batch', { min: 1, max: 64, integer: true }) ?? 4,
    seed: numberOption(args, 'seed', { min: 0, max: 2 ** 31, integer: true }) ?? 1
  } as const
}

type CliModel = Awaited<ReturnType<typeof openModel>>

/** Accuracy of schemes on a split of the network's data set. */
type Measure = (scheme: Scheme | null, on: Split) => Promise<Judged | SchemeMeasure>

/** What evaluates schemes, of which data set, and the split that the search does not use. */
interface Measuring {
  readonly measure: Measure
  /** Null: the network's own. */
  readonly dataSet: string | null
  readonly testSplit: Split
  close(): Promise<void>
}

/** Where schemes are evaluated: on the queue or the user's data set if one is named, else in threads of this process. */
async function openMeasuring(
  args: CliArguments,
  context: CliContext,
  file: string,
  { model, method, workers }: { model: CliModel; method: ReturnType<typeof methodOf>; workers: number }
): Promise<Measuring> {
  const modelsFolder = resourcePath('models')
  const onQueue = await modelOnQueue(args, context, file)
  const own = (await withDataSet(args, context, file)) ?? onQueue
  const hasDataSet = own !== null && own.dataSet !== null
  const onShipped = !hasDataSet && generatedSetOf(model.graph) === null
  const testSplit = onShipped && createImageLibrary({ modelsFolder }).hasFullSet() ? 'fullTest' : 'test'
  const tasks = createTaskPool<Tasks>({
    workerFile: builtPath('main', 'taskWorker.js'),
    size: Math.max(1, workers)
  })
  const measure: Measure = async (scheme, on) => {
    if (own !== null) return own.model.measure(own.modelId, scheme, on, method, context.signal)
    const input = { file: model.summary.path, modelsFolder, scheme, split: on, method } as const
    return tasks.run('model.evaluate', input, { signal: context.signal })
  }
  return { measure, dataSet: own?.dataSet ?? null, testSplit, close: () => tasks.close() }
}

/** Float, int8 and best scheme on one split, and how the best one compares with int8 item by item. */
async function reportOn(on: Split, layers: readonly string[], best: Scheme | null, measure: Measure) {
  const [float, reference, found] = await Promise.all([
    measure(null, on),
    measure(uniformScheme(layers, 8, 8), on),
    best === null ? null : measure(best, on)
  ])
  return {
    split: on,
    images: float.images,
    float: float.accuracy,
    int8: reference.accuracy,
    best: found?.accuracy ?? null,
    bestKl: found?.kl ?? null,
    versusInt8: found === null ? null : comparePaired(found.right, reference.right)
  }
}

interface Report {
  readonly images: number
  readonly float: number
  readonly int8: number
  readonly best: number | null
  readonly versusInt8: Paired | null
}

function settingsOf(plan: {
  strategy: string
  objective: string
  evaluations: number
  batch: number
  seed: number
}) {
  const { strategy, objective, evaluations, batch, seed } = plan
  return { strategy, objective, evaluations, batch, seed }
}

function budgetsOf({ limits }: ReturnType<typeof searchLimits>, { names, ratios, space }: BudgetedSpace) {
  return limits.map((limit, at) => ({
    cost: names[at],
    unit: space.costs[at].unit,
    ratio: ratios[at],
    ...limit,
    budget: Number.isFinite(limit.budget) ? limit.budget : null
  }))
}

function infeasible(limits: ReturnType<typeof searchLimits>, budgeted: BudgetedSpace): string {
  const nearest = costsOf(budgeted.space, limits.cheapest)
  const why = infeasibleText(
    budgetsOf(limits, budgeted).map((budget, at) => ({ ...budget, nearestCost: nearest[at] }))
  )
  return ['No scheme is within the budgets; nothing was evaluated.', ...why].join('\n')
}

function summary(
  { best, trace, limits }: SearchOutcome,
  { test, metric, seconds }: { test: Report; metric: ScoreName; seconds: number },
  { space, names }: BudgetedSpace
): string {
  if (best === null) return 'No scheme within the budgets was evaluated. Raise --evaluations.'
  return [
    `best: ${schemeKey(best.scheme)}`,
    ...best.costs.map(
      (cost, at) =>
        `${names[at]} ${formatCount(cost)} ${space.costs[at].unit}, ${formatPercent(cost / limits[at].baselineCost)} of int8`
    ),
    testText(metric, test),
    ...againstInt8(test.versusInt8),
    ...schemeReasons(widthReports(trace), best.scheme),
    `${countOf(trace.length, 'evaluation')} in ${seconds.toFixed(1)} s`
  ].join('\n')
}

function describe(
  { index, scheme, accuracy, loss, cost, feasible, phase }: Candidate,
  { space }: BudgetedSpace,
  metric: ScoreName
): string {
  const fits = feasible ? '' : ', over the budget'
  return `${index + 1} ${phase}: ${schemeKey(scheme)} loss ${formatLoss(loss)}, ${namedScoreText(metric, accuracy)}, ${formatCount(cost)} ${space.costs[0].unit}${fits}`
}
