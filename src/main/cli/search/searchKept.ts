import { budgetsOf } from '../../../shared/searchBudget'
import { infeasibleText } from '../../../shared/text/infeasibleText'
import { sensitivityText } from '../../../shared/text/sensitivityText'
import { schemeKey } from '../../../core/quant/scheme'
import { schemeReasons, widthReports } from '../../../core/search/widthReport'
import { weightedLayerNames } from '../../../core/model/graph'
import {
  costKindSchema,
  strategySchema,
  type RetrainedJson,
  type Search
} from '../../../shared/contract/search'
import { namedScoreText, scoreText } from '../../../shared/score'
import { countOf, formatCount, formatLoss, formatPercent } from '../../../shared/units'
import { objectives } from '../../../shared/vocabulary'
import {
  choiceOption,
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext
} from '../framework/framework'
import { clientOf, createProgressLine } from '../framework/localClient'
import { methodOf } from '../model/method'
import { modelServiceOnQueue } from './queueOption'
import { againstInt8, testText } from './searchVerdict'
import { openModel } from '../model/model'
import { bindDataSet } from '../model/ownData'
import { allowedBits, alsoWithin, ratioOption, startScheme } from './searchBudgets'
import { namedRun } from '../run/namedRun'

/** `bitbench search run --keep`: the search as the Search page starts it, kept as a run in the data folder. */
export async function runKeptSearch(args: CliArguments, context: CliContext, file: string) {
  for (const option of ['proxy', 'workers'] as const) {
    if (textOption(args, option) === undefined) continue
    if (option === 'workers' && textOption(args, 'queue') !== undefined) continue
    throw new UsageError(
      `--${option} does not go with --keep; a kept search uses stored proxies (--cost proxy) and the settings of the data folder`
    )
  }
  await modelServiceOnQueue(args, context)
  const { graph } = await openModel(args, context, file)
  const client = await clientOf(context)
  const modelId = await bindDataSet(client, context, file, textOption(args, 'dataset'))
  const allowed = allowedBits(args, weightedLayerNames(graph))
  const start = startScheme(args, graph, allowed)
  const whole = (name: string, min: number, max: number): number | undefined =>
    numberOption(args, name, { min, max, integer: true })
  const workload = textOption(args, 'workload')
  const { searchId, jobId } = await client.call('search.start', {
    modelId,
    strategy: choiceOption(args, 'strategy', strategySchema.options),
    objective: choiceOption(args, 'objective', objectives),
    cost: choiceOption(args, 'cost', costKindSchema.options),
    budgetRatio: ratioOption(args),
    alsoWithin: alsoWithin(textOption(args, 'also'), costKindSchema.options).map(({ name, ratio }) => ({
      cost: name,
      ratio
    })),
    allowed: allowed.map((entry) => ({
      layer: entry.layer,
      ...(entry.weightBits === undefined ? {} : { weightBits: [...entry.weightBits] }),
      ...(entry.activationBits === undefined ? {} : { activationBits: [...entry.activationBits] })
    })),
    evaluations: whole('evaluations', 2, 1000),
    batch: whole('batch', 1, 64),
    method: methodOf(args),
    seed: whole('seed', 0, 2 ** 31),
    retrainTop: whole('retrain-top', 0, 10),
    ...(start === undefined ? {} : { start: start.map((bits) => ({ ...bits })) }),
    workloadId: workload === undefined ? undefined : await namedRun(client, workload, { kinds: ['workload'] })
  })
  await client.finish(jobId, createProgressLine(context.log, process.stderr))
  const { search } = await client.call('search.get', { searchId })
  return { json: { search }, text: summary(search) }
}

function summary(search: Search): string {
  const kept = `Kept as run ${search.id}.`
  if (!search.budgetFeasible) {
    const why = infeasibleText(budgetsOf(search))
    return ['No scheme is within the budgets; nothing was evaluated.', ...why, kept].join('\n')
  }
  if (search.best === null || search.test === null)
    return `No scheme within the budgets was evaluated. Raise --evaluations.\n${kept}`
  const { best, test, retrained, metric } = search
  return [
    ...sensitivityLines(search),
    `best: ${schemeKey(best.scheme)}`,
    `cost ${formatCount(best.cost)} ${search.costUnit}, ${formatPercent(best.cost / search.baselineCost)} of int8`,
    testText(metric, test),
    ...againstInt8(test.versusInt8),
    ...schemeReasons(widthReports(search.trace), best.scheme),
    ...(retrained === null ? [] : retrainedLines(search, retrained)),
    `${countOf(search.trace.length, 'evaluation')}. ${kept}`
  ].join('\n')
}

function retrainedLines({ trace, metric }: Search, { entries, kept, test }: RetrainedJson): string[] {
  const lines = entries.map(({ index, kl, accuracy }) => {
    const { scheme, kl: before } = trace[index]
    return `retrained ${schemeKey(scheme)}: KL ${formatLoss(before)} to ${formatLoss(kl)}, ${namedScoreText(metric, accuracy)} on the search items`
  })
  if (kept === null || test === null) return lines
  const how = kept.isRetrained ? 'retrained' : 'as fitted'
  return [
    ...lines,
    `kept: ${schemeKey(trace[kept.index].scheme)} ${how}, test ${metric} ${scoreText(metric, test.accuracy)}`,
    ...againstInt8(test.versusInt8)
  ]
}

function sensitivityLines({ sensitivity }: Search): string[] {
  return sensitivity === undefined ? [] : [`sensitivities: ${sensitivityText(sensitivity)}`]
}
