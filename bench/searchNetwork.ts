/**
 * Search strategies on a network that is evaluated while they search, for spaces too large for a table: best KL on the search
 * items and accuracy on the test items, per strategy and budget. A long run of every strategy named in --long is the reference.
 *
 *   npm run bench:search-network -- [--model FILE] [--cost bops] [--budgets 0.15,0.3] [--strategies auto,mico,…] [--evaluations 16,32]
 *       [--seeds 1] [--items 500] [--long auto=96] [--json]
 */
import { cpus, loadavg } from 'node:os'
import path from 'node:path'
import { firstImages, type LabelledImages } from '../src/core/model/dataSet'
import { measureScores } from '../src/core/model/scoreMeasure'
import { exportOnnx } from '../src/core/model/onnx/exportOnnx'
import { recurrentWorkOf, workloadsOf } from '../src/core/model/workload'
import { schemeKey, type Scheme } from '../src/core/quant/scheme'
import { bopsCosts, energyCosts, sizeCosts } from '../src/core/search/costs/costModels'
import { defaultBatch, runSearch } from '../src/core/search/runSearch'
import { createSpace, tableCost } from '../src/core/search/space'
import type { Measure } from '../src/core/search/objective'
import { floatScores } from '../src/main/model/accuracy/floatAccuracy'
import { openBench, quantizeOn } from '../src/main/model/modelWorkspace'
import { openOrtSession } from '../src/main/model/onnxruntime/ortSession'
import { schemeRealScores } from '../src/main/model/accuracy/schemeAccuracy'
import { strategyNames, type StrategyName } from '../src/shared/vocabulary'
import { quietTask } from './quietTask'
import { listOf, positive, readFlags, whole } from './flags'

const costModels = { bops: bopsCosts, size: sizeCosts, energy: energyCosts }
const { values } = readFlags(
  {
    options: {
      model: { type: 'string', default: 'resources/models/resnet20-tinted.onnx' },
      cost: { type: 'string', default: 'bops' },
      budgets: { type: 'string', default: '0.12,0.25' },
      strategies: { type: 'string', default: 'auto,integer,greedy,randomMaximal,mico,micoPublished,random' },
      evaluations: { type: 'string', default: '16,32' },
      seeds: { type: 'string', default: '1' },
      items: { type: 'string', default: '500' },
      long: { type: 'string', default: 'auto=96' },
      json: { type: 'boolean', default: false }
    }
  },
  { items: whole(), seeds: whole(), evaluations: listOf(whole()), budgets: listOf(positive()) }
)
const names = values.strategies.split(',').map(strategyOf)
const [longName, longCount] = values.long.split('=')
const long = { strategy: strategyOf(longName ?? ''), evaluations: Number(longCount) }
if (!Object.hasOwn(costModels, values.cost))
  fail(`--cost must be one of ${Object.keys(costModels).join(', ')}`)
const counts = values.evaluations.split(',').map(Number)

const modelsFolder = path.resolve('resources/models')
const bench = await openBench({ file: path.resolve(values.model), modelsFolder })
const float = await openOrtSession(exportOnnx(bench.graph))
const searchItems = firstImages(await bench.library.load('search'), Number(values.items))
const testItems = await bench.library.load('test')
const floatOn = new Map<LabelledImages, Float32Array>()
for (const images of [searchItems, testItems]) {
  floatOn.set(images, await floatScores(float, bench.graph, images))
}
const workloads = workloadsOf(bench.graph)
const space = createSpace({
  layers: workloads.map(({ layer }) => layer),
  macs: workloads.map(({ macs }) => macs),
  costs: [
    tableCost(
      costModels[values.cost as keyof typeof costModels](workloads, undefined, recurrentWorkOf(bench.graph))
    )
  ]
})

interface Row {
  readonly strategy: StrategyName
  readonly budget: number
  readonly evaluations: number
  readonly seed: number
  readonly isReference: boolean
  readonly scheme: string | null
  readonly searchKl: number | null
  readonly testKl: number | null
  readonly testAccuracy: number | null
}

const known = new Map<string, Measure>()
const rows: Row[] = []
const started = process.cpuUsage()
for (const budget of values.budgets.split(',').map(Number)) {
  rows.push(await searched({ ...long, budget, seed: 1, isReference: true }))
  for (const strategy of names) {
    for (const evaluations of counts) {
      for (let seed = 1; seed <= Number(values.seeds); seed++) {
        rows.push(await searched({ strategy, budget, evaluations, seed, isReference: false }))
      }
    }
  }
}
const int8 = space.layers.map((layer) => ({ layer, weightBits: 8, activationBits: 8 }) as const)
const int8Accuracy = (await judged(int8, testItems)).accuracy
await float.release()
if (values.json) console.log(JSON.stringify({ machine: machine(), int8Accuracy, rows }, null, 2))
else print()

async function judged(scheme: Scheme, images: LabelledImages): Promise<Measure> {
  const network = await quantizeOn(bench, scheme, 'ptq', quietTask)
  const found = measureScores(await schemeRealScores(network, images), floatOn.get(images)!, images.labels)
  return { ...found, accuracy: found.correct / images.count }
}

async function searched(
  run: Pick<Row, 'strategy' | 'budget' | 'evaluations' | 'seed' | 'isReference'>
): Promise<Row> {
  const { best } = await runSearch(
    {
      space,
      strategy: run.strategy,
      objective: 'kl',
      budgetRatios: [run.budget],
      evaluations: run.evaluations,
      batch: defaultBatch,
      seed: run.seed
    },
    {
      async evaluate(scheme) {
        const key = schemeKey(scheme)
        const measure = known.get(key) ?? (await judged(scheme, searchItems))
        known.set(key, measure)
        return measure
      }
    }
  )
  const test = best === null ? null : await judged(best.scheme, testItems)
  const row = {
    ...run,
    scheme: best === null ? null : schemeKey(best.scheme),
    searchKl: best?.kl ?? null,
    testKl: test?.kl ?? null,
    testAccuracy: test?.accuracy ?? null
  }
  console.error(
    `${run.strategy} ${run.budget} ${run.evaluations} seed ${run.seed}: KL ${row.searchKl?.toFixed(4)}, ${known.size} schemes evaluated, ${seconds()} s of processor`
  )
  return row
}

function strategyOf(name: string): StrategyName {
  const found = strategyNames.find((one) => one === name)
  return found ?? fail(`No strategy is called "${name}": ${strategyNames.join(', ')}`)
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}

function seconds(): string {
  const { user, system } = process.cpuUsage(started)
  return ((user + system) / 1e6).toFixed(0)
}

function machine(): string {
  return `${cpus()[0]?.model.trim()}, ${cpus().length} threads, load ${loadavg()[0]!.toFixed(1)}, ${seconds()} s of processor time`
}

function print(): void {
  const budgets = [...new Set(rows.map(({ budget }) => budget))]
  console.log(
    `${bench.graph.name}, ${space.layers.length} layers, ${searchItems.count} search items, ${values.seeds} seeds, ${known.size} schemes; int8 ${(100 * int8Accuracy).toFixed(2)} % of ${testItems.count} test items; ${machine()}`
  )
  console.log('KL on search items / on test items, accuracy on test items; means over seeds\n')
  console.log(
    `| strategy | evaluations | ${budgets.map((budget) => `${values.cost} ${budget}`).join(' | ')} |`
  )
  console.log(`|---|---|${budgets.map(() => '---').join('|')}|`)
  const line = (strategy: StrategyName, evaluations: number, isReference: boolean): string => {
    const cells = budgets.map((budget) =>
      cellOf(
        rows.filter(
          (row) =>
            row.strategy === strategy &&
            row.evaluations === evaluations &&
            row.budget === budget &&
            row.isReference === isReference
        )
      )
    )
    return `| ${strategy} | ${evaluations} | ${cells.join(' | ')} |`
  }
  console.log(line(long.strategy, long.evaluations, true))
  for (const name of names) for (const count of counts) console.log(line(name, count, false))
}

function cellOf(of: readonly Row[]): string {
  const found = of.flatMap(({ searchKl, testKl, testAccuracy }) =>
    searchKl === null || testKl === null || testAccuracy === null ? [] : [{ searchKl, testKl, testAccuracy }]
  )
  if (found.length === 0) return 'none'
  const mean = (value: (row: (typeof found)[number]) => number): number =>
    found.reduce((sum, row) => sum + value(row), 0) / found.length
  const without = of.length - found.length
  return `${mean(({ searchKl }) => searchKl).toFixed(4)} / ${mean(({ testKl }) => testKl).toFixed(4)}, ${(100 * mean(({ testAccuracy }) => testAccuracy)).toFixed(2)} %${without > 0 ? ` (${without} without)` : ''}`
}
