import path from 'node:path'
import type { Candidate } from '../../core/search/candidate'
import { bopsCosts, proxyCosts, sizeCosts } from '../../core/search/costModels'
import { costOf, type CostTable } from '../../core/search/costTable'
import { runSearch } from '../../core/search/runSearch'
import { workloadsOf, type Workload } from '../../core/model/workload'
import { proxyFromJson, type Proxy } from '../../core/proxy/fit/proxy'
import { schemeKey, uniformScheme, type Scheme } from '../../core/quant/scheme'
import type { Split } from '../../shared/contract/model'
import { AppError } from '../../shared/errors'
import { formatCount, formatPercent } from '../../shared/units'
import { modelTasks } from '../model/modelTasks'
import { resourcePath } from '../paths'
import { readText } from '../proxy/proxyFiles'
import {
  choiceOption,
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun
} from './framework'
import { openModel, taskContext } from './model'

/** `bitbench search`: the search of the Search page on files alone; needs no board and no data file. */
export const searchCli: CliNoun = {
  noun: 'search',
  summary: 'mixed precision: the most accurate scheme within a budget',
  verbs: {
    run: {
      summary: 'Searches a scheme for a network.',
      usage:
        '--model FILE.onnx [--budget-ratio 0.7] [--proxy P.json[,Q.json] | --cost bops|size] [--strategy mico|greedy|random]',
      options: {
        model: { type: 'string', help: 'the network' },
        'budget-ratio': { type: 'string', help: 'budget as a share of the all-8-bit cost', default: '0.7' },
        proxy: { type: 'string', help: 'fitted proxies, one per kernel, separated by commas' },
        cost: { type: 'string', help: 'bops or size, where no proxy is given', default: 'bops' },
        strategy: { type: 'string', help: 'mico, greedy or random', default: 'mico' },
        evaluations: { type: 'string', help: 'schemes that are tried', default: '32' },
        method: { type: 'string', help: 'ptq, or retrain: short retraining below 4 bits', default: 'ptq' },
        seed: { type: 'string', help: 'same seed, same search', default: '1' }
      },
      run: (args, context) => run(args, context)
    }
  }
}

async function run(args: CliArguments, context: CliContext) {
  const started = performance.now()
  const file = textOption(args, 'model')
  if (file === undefined) throw new UsageError('search run needs --model FILE.onnx')
  const model = await openModel(args, context, file)
  const workloads = workloadsOf(model.graph)
  const table = await costsFor(args, context, workloads)
  const budgetRatio = numberOption(args, 'budget-ratio', { min: 0.001, max: 1 }) ?? 0.7
  const strategy = choiceOption(args, 'strategy', ['mico', 'greedy', 'random']) ?? 'mico'
  const method = choiceOption(args, 'method', ['ptq', 'retrain']) ?? 'ptq'
  const evaluations = numberOption(args, 'evaluations', { min: 2, max: 1000, integer: true }) ?? 32
  const seed = numberOption(args, 'seed', { min: 0, max: 2 ** 31, integer: true }) ?? 1
  const source = { file: model.summary.path, modelsFolder: resourcePath('models') }
  const accuracy = async (scheme: Scheme | null, split: Split): Promise<number> => {
    const found = await modelTasks['model.evaluate'](
      { ...source, scheme, split, method },
      taskContext(context)
    )
    return found.correct / found.images
  }
  const layers = workloads.map(({ layer }) => layer)
  const outcome = await runSearch(
    {
      space: { layers, macs: workloads.map(({ macs }) => macs), cost: (scheme) => costOf(table, scheme) },
      strategy,
      budgetRatio,
      evaluations,
      seed
    },
    {
      evaluate: (scheme) => accuracy(scheme, 'search'),
      signal: context.signal,
      onCandidate: (candidate) => context.log(describe(candidate, table))
    }
  )
  context.signal.throwIfAborted()
  const int8 = uniformScheme(layers, 8, 8)
  const { best } = outcome
  const onTest = {
    float: await accuracy(null, 'test'),
    int8: await accuracy(int8, 'test'),
    best: best === null ? null : await accuracy(best.scheme, 'test')
  }
  const json = {
    model: model.summary.name,
    strategy,
    method,
    seed,
    unit: table.unit,
    budgetRatio,
    budget: outcome.budget,
    budgetFeasible: outcome.isFeasible,
    baselineCost: outcome.baselineCost,
    minimumCost: outcome.minimumCost,
    bestCost: best?.cost ?? null,
    evaluations: outcome.trace.length,
    search: {
      float: await accuracy(null, 'search'),
      int8: await accuracy(int8, 'search'),
      best: best?.accuracy ?? null
    },
    test: onTest,
    scheme: best?.scheme ?? null,
    trace: outcome.trace,
    seconds: (performance.now() - started) / 1000
  }
  const text =
    best === null
      ? `Nothing fits the budget of ${formatCount(outcome.budget)} ${table.unit}: the cheapest scheme costs ${formatCount(outcome.minimumCost)}.`
      : [
          `best: ${schemeKey(best.scheme)}`,
          `cost ${formatCount(best.cost)} ${table.unit}, ${formatPercent(best.cost / outcome.baselineCost)} of int8`,
          `test accuracy ${formatPercent(onTest.best, 2)}; int8 ${formatPercent(onTest.int8, 2)}, float ${formatPercent(onTest.float, 2)}`,
          `${outcome.trace.length} evaluations in ${json.seconds.toFixed(1)} s`
        ].join('\n')
  return { json, text }
}

async function costsFor(args: CliArguments, context: CliContext, workloads: Workload[]): Promise<CostTable> {
  const files = textOption(args, 'proxy')
  if (files === undefined) {
    const cost = choiceOption(args, 'cost', ['bops', 'size']) ?? 'bops'
    return cost === 'size' ? sizeCosts(workloads) : bopsCosts(workloads)
  }
  const proxies = new Map<Proxy['kernel'], Proxy>()
  for (const file of files.split(',')) {
    const proxy = proxyFromJson(parse(await readText(path.resolve(context.cwd, file)), file))
    proxies.set(proxy.kernel, proxy)
  }
  return proxyCosts(workloads, proxies)
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError(
      'proxy.invalid',
      `${file} is not JSON.`,
      'Give a file written by `bitbench proxy fit --out`.',
      { cause }
    )
  }
}

function describe(
  { index, scheme, accuracy, cost, feasible, phase }: Candidate,
  { unit }: CostTable
): string {
  const fits = feasible ? '' : ', over the budget'
  return `${index + 1} ${phase}: ${schemeKey(scheme)} ${formatPercent(accuracy, 2)}, ${formatCount(cost)} ${unit}${fits}`
}
