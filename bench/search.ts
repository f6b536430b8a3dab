/**
 * Every search strategy on a search space that was evaluated almost whole (../shared/data/search-table): seven budgets, 16, 32
 * and 48 evaluations, ten seeds. The choice is made on the search images; regret is the test accuracy lost against the best
 * scheme within the budget on those test images.
 *
 *   npm run bench:search -- [--table FOLDER] [--objective kl] [--strategies auto,random] [--seeds 10] [--json]
 *   npm run bench:search -- --choices      no search: regret of the best of all schemes by KL, cross-entropy, errors and mixtures
 *   npm run bench:search -- --final        regret of other choices among what `auto` evaluated, the judging labels' own among them
 *   npm run bench:search -- --halves 100   no search: regret on random halves of the test images, of choosers that know the labels
 *                                          too, among the 100 schemes of least KL (needs Debian's dataset-fashion-mnist)
 */
import { cpus } from 'node:os'
import { mean } from '../src/core/math/mean'
import { schemeKey } from '../src/core/quant/scheme'
import type { CostTable } from '../src/core/search/costs/costTable'
import { objectives } from '../src/shared/vocabulary'
import type { Objective } from '../src/shared/vocabulary'
import { defaultBatch } from '../src/core/search/runSearch'
import { strategies } from '../src/core/search/strategies'
import type { StrategyName } from '../src/shared/vocabulary'
import { regretOfChoices, type ChoiceRow, type TableBudget } from './search/choices'
import { regretOfFinalChoice } from './search/finalChoice'
import { choosers, meanOverBudgets, regretOnHalves, type HalvesRow } from './search/halves'
import { bestWithin, searchOn } from './search/searchOn'
import { readSearchTable, type SearchTable } from './search/table'
import { listOf, oneOf, readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      table: { type: 'string', default: '../shared/data/search-table' },
      objective: { type: 'string', default: 'kl' },
      strategies: { type: 'string', default: Object.keys(strategies).join(',') },
      seeds: { type: 'string', default: '10' },
      evaluations: { type: 'string', default: '16,32,48' },
      batch: { type: 'string', default: String(defaultBatch) },
      choices: { type: 'boolean', default: false },
      final: { type: 'boolean', default: false },
      halves: { type: 'string' },
      json: { type: 'boolean', default: false }
    }
  },
  {
    halves: whole(),
    seeds: whole(),
    batch: whole(),
    evaluations: listOf(whole()),
    objective: oneOf(objectives),
    strategies: listOf(oneOf(Object.keys(strategies)))
  }
)

/** Random halves of the test images. */
const halvesDrawn = 1000
/** Mean regret that the default strategy should not exceed, points. */
const regretBar = 0.15

interface Row {
  strategy: StrategyName
  cost: 'latency' | 'bops'
  budget: number
  evaluations: number
  seed: number
  scheme: string | null
  searchAccuracy: number | null
  searchKl: number | null
  testAAccuracy: number | null
  /** Least accuracy lost on test half A against the best scheme within the budget, points. */
  regret: number | null
  tuneKl: number | null
}

const started = process.cpuUsage()

const budgets: readonly TableBudget[] = [
  ['latency', 0.62],
  ['latency', 0.7],
  ['latency', 0.8],
  ['latency', 0.9],
  ['bops', 0.1],
  ['bops', 0.2],
  ['bops', 0.4]
]

const table = readSearchTable(values.table)
if (table === null) {
  console.error(
    `No search table in ${values.table}: lenet5-fashion.bin.gz and cost.json are missing. Name its folder with --table.`
  )
  process.exit(1)
}
if (values.choices) {
  printChoices(
    'Regret on half A in points of the scheme that is best of all within the budget by a measure',
    regretOfChoices(table, budgets)
  )
  process.exit(0)
}
const evaluationCounts = values.evaluations.split(',').map(Number)
if (values.final) {
  for (const evaluations of evaluationCounts)
    printChoices(
      `Regret on half A in points of the best by a measure among what auto evaluated, ${evaluations} evaluations, ${values.seeds} seeds`,
      await regretOfFinalChoice(table, budgets, evaluations, Number(values.seeds))
    )
  process.exit(0)
}
if (values.halves !== undefined) {
  printHalves(await regretOnHalves(table, budgets, Number(values.halves), halvesDrawn))
  process.exit(0)
}
const names = values.strategies.split(',') as StrategyName[]
const rows: Row[] = []
for (const name of names) {
  for (const [cost, budget] of budgets) {
    const costs: CostTable = table[cost]
    const best = bestWithin(table, costs, budget)
    for (const evaluations of evaluationCounts) {
      for (let seed = 1; seed <= Number(values.seeds); seed++) {
        rows.push(await searched(table, costs, best, { strategy: name, cost, budget, evaluations, seed }))
      }
    }
  }
}
if (values.json) console.log(JSON.stringify({ rows, machine: machine() }))
else print()

async function searched(
  table: SearchTable,
  costs: CostTable,
  bestTest: number,
  run: Pick<Row, 'strategy' | 'cost' | 'budget' | 'evaluations' | 'seed'>
): Promise<Row> {
  const best = await searchOn(table, costs, {
    ...run,
    objective: values.objective as Objective,
    batch: Number(values.batch)
  })
  if (best === null) {
    const none = { scheme: null, searchAccuracy: null, searchKl: null, testAAccuracy: null }
    return { ...run, ...none, regret: null, tuneKl: null }
  }
  const testAAccuracy = table.testAccuracy(best.scheme)
  return {
    ...run,
    scheme: schemeKey(best.scheme),
    searchAccuracy: best.accuracy,
    searchKl: best.kl,
    testAAccuracy,
    regret: 100 * (bestTest - testAAccuracy),
    tuneKl: table.tuneKl(best.scheme)
  }
}

function printChoices(title: string, rows: readonly ChoiceRow[]): void {
  if (values.json) return console.log(JSON.stringify({ title, budgets, rows }))
  const head = budgets.map(([cost, budget]) => `${cost} ${budget}`)
  console.log(`${title}\n`)
  console.log(`| chosen by | ${head.join(' | ')} | mean |`)
  console.log(`|---|${head.map(() => '---').join('|')}|---|`)
  for (const { name, regrets, mean } of rows) {
    console.log(
      `| ${name} | ${regrets.map((regret) => regret.toFixed(2)).join(' | ')} | ${mean.toFixed(3)} |`
    )
  }
}

function printHalves(rows: readonly HalvesRow[]): void {
  if (values.json) return console.log(JSON.stringify({ choosers, rows, machine: machine() }))
  console.log(`Mean regret in points over ${halvesDrawn} random halves of the test images, ${machine()}\n`)
  console.log(`| budget | ${choosers.join(' | ')} |`)
  console.log(`|---|${choosers.map(() => '---').join('|')}|`)
  for (const { cost, budget, regrets } of rows)
    console.log(`| ${cost} ${budget} | ${regrets.map((regret) => regret.toFixed(3)).join(' | ')} |`)
  const means = choosers.map((_, at) => mean(rows.map(({ regrets }) => regrets[at])))
  console.log(`| mean | ${means.map((regret) => regret.toFixed(3)).join(' | ')} |`)
  const spread = (of: 'byHalf' | 'byFresh'): string => {
    const sorted = meanOverBudgets(rows, of).sort((a, b) => a - b)
    const at = (share: number): string => sorted[Math.floor(share * (sorted.length - 1))].toFixed(3)
    const within = sorted.filter((regret) => regret <= regretBar).length / sorted.length
    return `5 % below ${at(0.05)}, half below ${at(0.5)}, 95 % below ${at(0.95)}; at most ${regretBar} on ${(100 * within).toFixed(0)} %`
  }
  console.log(`\nBy least KL, mean over the budgets, by half: ${spread('byHalf')}`)
  const fresh = rows.map(({ cost, budget, byFresh }) => `${cost} ${budget} ${mean(byFresh).toFixed(3)}`)
  console.log(
    `The best of the population on fresh samples of 5,000: ${fresh.join(', ')}, mean ${mean(meanOverBudgets(rows, 'byFresh')).toFixed(3)}; ${spread('byFresh')}`
  )
}

function machine(): string {
  const { user, system } = process.cpuUsage(started)
  return `${cpus()[0]?.model.trim()}, ${((user + system) / 1e6).toFixed(0)} s of processor time`
}

function print(): void {
  console.log(`Objective ${values.objective}, ${values.seeds} seeds, 7 budgets; ${machine()}`)
  console.log(
    'Mean regret on half A of the test images, points; in brackets: mean KL on the search and on the tune images'
  )
  const cell = (of: Row[]): string => {
    const known = of.filter(({ regret }) => regret !== null)
    const meanOf = (value: (row: Row) => number): number => mean(known.map(value))
    const failed = of.length - known.length
    return `${meanOf(({ regret }) => regret!).toFixed(3)} (${meanOf(({ searchKl }) => searchKl!).toFixed(4)}, ${meanOf((row) => row.tuneKl!).toFixed(4)})${failed > 0 ? ` ${failed} without` : ''}`
  }
  console.log(
    `${'strategy'.padEnd(16)}${evaluationCounts.map((count) => String(count).padStart(30)).join('')}`
  )
  for (const name of names) {
    const cells = evaluationCounts.map((count) =>
      cell(rows.filter((row) => row.strategy === name && row.evaluations === count))
    )
    console.log(`${name.padEnd(16)}${cells.map((text) => text.padStart(30)).join('')}`)
  }
}
