import type { CostTable } from '../../src/core/search/costTable'
import type { StrategyName } from '../../src/shared/vocabulary'
import type { Candidate } from '../../src/core/search/candidate'
import type { Strategy } from '../../src/core/search/strategy'
import { genesCost } from '../../src/core/search/costTable'
import { runSearch } from '../../src/core/search/runSearch'
import { createSpace, genesOfScheme, tableCost } from '../../src/core/search/space'
import { readSearchTable, type SearchTable } from '../search/table'

/** A table of an experiment: what a row is, then numbers or texts by column. */
export interface ResultTable {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

export interface Settings {
  readonly seeds: number
  readonly seed: number
}

/** One experiment of the founding paper (MiCo, arXiv 2508.09500). */
export interface Experiment {
  /** What is compared, in one line. */
  readonly question: string
  run(settings: Settings): Promise<ResultTable[]>
}

/** The space that was evaluated almost whole. @throws when it is not beside the repository */
export function searchTable(): SearchTable {
  const table = readSearchTable('../shared/data/search-table')
  if (table !== null) return table
  throw new Error('This experiment needs ../shared/data/search-table (lenet5-fashion.bin.gz and cost.json).')
}

/** One search on the table; the accuracy of what it finds is read from test half A. */
export async function searchOn(
  table: SearchTable,
  costs: CostTable,
  run: {
    readonly strategy: StrategyName
    readonly using?: Strategy
    readonly budget: number
    readonly evaluations: number
    readonly seed: number
  }
): Promise<Candidate | null> {
  const space = createSpace({ layers: table.layers, macs: table.macs, costs: [tableCost(costs)] })
  const { best } = await runSearch(
    {
      space,
      strategy: run.strategy,
      ...(run.using === undefined ? {} : { using: run.using }),
      objective: 'kl',
      budgetRatios: [run.budget],
      evaluations: run.evaluations,
      batch: 4,
      seed: run.seed
    },
    { evaluate: async (scheme) => table.measure(scheme) }
  )
  return best
}

/** Highest accuracy on test half A of all schemes within a budget. */
export function bestWithin(table: SearchTable, costs: CostTable, budget: number): number {
  const limit = genesCost(costs, new Uint8Array(2 * table.layers.length)) * budget * (1 + 1e-12)
  let best = 0
  for (let row = 0; row < table.schemes; row++) {
    const scheme = table.schemeAt(row)
    if (genesCost(costs, genesOfScheme(scheme)) <= limit) best = Math.max(best, table.testAccuracy(scheme))
  }
  return best
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? NaN : values.reduce((sum, value) => sum + value, 0) / values.length

/** A table in Markdown, for docs/paper.md. */
export function markdown({ title, columns, rows }: ResultTable): string {
  const cell = (value: string | number | null): string =>
    value === null || (typeof value === 'number' && !Number.isFinite(value)) ? '–' : String(value)
  return [
    `### ${title}`,
    '',
    `| ${columns.join(' | ')} |`,
    `|${columns.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
    ''
  ].join('\n')
}
