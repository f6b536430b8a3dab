/**
 * Every search strategy on a search space that was evaluated almost whole (../shared/data/search-table): seven budgets, 16, 32
 * and 48 evaluations, ten seeds. The choice is made on the search images; regret is the test accuracy lost against the best
 * scheme within the budget on those test images.
 *
 *   npm run bench:search -- [--table FOLDER] [--objective kl] [--strategies auto,random] [--seeds 10] [--json]
 *   npm run bench:search -- --choices      no search: regret of the best of all schemes by KL, cross-entropy, errors and mixtures
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { schemeKey } from '../src/core/quant/scheme'
import type { CostTable } from '../src/core/search/costs/costTable'
import { objectives } from '../src/shared/vocabulary'
import type { Objective } from '../src/shared/vocabulary'
import { defaultBatch } from '../src/core/search/runSearch'
import { strategies } from '../src/core/search/strategies'
import type { StrategyName } from '../src/shared/vocabulary'
import { regretOfChoices } from './search/choices'
import { bestWithin, searchOn } from './search/searchOn'
import { readSearchTable, type SearchTable } from './search/table'

const { values } = parseArgs({
  options: {
    table: { type: 'string', default: '../shared/data/search-table' },
    objective: { type: 'string', default: 'kl' },
    strategies: { type: 'string', default: Object.keys(strategies).join(',') },
    seeds: { type: 'string', default: '10' },
    evaluations: { type: 'string', default: '16,32,48' },
    batch: { type: 'string', default: String(defaultBatch) },
    choices: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false }
  }
})

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

const budgets = [
  ['latency', 0.62],
  ['latency', 0.7],
  ['latency', 0.8],
  ['latency', 0.9],
  ['bops', 0.1],
  ['bops', 0.2],
  ['bops', 0.4]
] as const

const table = readSearchTable(values.table)
if (table === null) {
  console.error(
    `No search table in ${values.table}: lenet5-fashion.bin.gz and cost.json are missing. Name its folder with --table.`
  )
  process.exit(1)
}
if (!(objectives as readonly string[]).includes(values.objective)) {
  console.error(`--objective must be one of ${objectives.join(', ')}`)
  process.exit(2)
}
if (values.choices) {
  printChoices(regretOfChoices(table, budgets))
  process.exit(0)
}
const names = values.strategies.split(',') as StrategyName[]
for (const name of names) {
  if (name in strategies) continue
  console.error(`No strategy is called ${name}: ${Object.keys(strategies).join(', ')}`)
  process.exit(2)
}
const evaluationCounts = values.evaluations.split(',').map(Number)
const rows: Row[] = []
const started = process.cpuUsage()
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

function printChoices(rows: ReturnType<typeof regretOfChoices>): void {
  if (values.json) return console.log(JSON.stringify({ budgets, rows }))
  const head = budgets.map(([cost, budget]) => `${cost} ${budget}`)
  console.log('Regret on half A in points of the scheme that is best of all within the budget by a measure\n')
  console.log(`| chosen by | ${head.join(' | ')} | mean |`)
  console.log(`|---|${head.map(() => '---').join('|')}|---|`)
  for (const { name, regrets, mean } of rows) {
    console.log(
      `| ${name} | ${regrets.map((regret) => regret.toFixed(2)).join(' | ')} | ${mean.toFixed(3)} |`
    )
  }
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
    const mean = (value: (row: Row) => number): number =>
      known.reduce((sum, row) => sum + value(row), 0) / known.length
    const failed = of.length - known.length
    return `${mean(({ regret }) => regret!).toFixed(3)} (${mean(({ searchKl }) => searchKl!).toFixed(4)}, ${mean((row) => row.tuneKl!).toFixed(4)})${failed > 0 ? ` ${failed} without` : ''}`
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
