import type { Objective, StrategyName } from '../../src/shared/vocabulary'
import type { Candidate } from '../../src/core/search/candidate'
import { genesCost, type CostTable } from '../../src/core/search/costs/costTable'
import { defaultBatch, runSearch, type SearchOutcome } from '../../src/core/search/runSearch'
import { createSpace, genesOfScheme, tableCost, type SearchSpace } from '../../src/core/search/space'
import type { Strategy } from '../../src/core/search/strategy'
import type { SearchTable } from './table'

/** A search on the table; by KL where no objective is named. */
export interface TableSearch {
  readonly strategy: StrategyName
  readonly using?: Strategy
  readonly budget: number
  readonly evaluations: number
  readonly seed: number
  readonly objective?: Objective
  readonly batch?: number
}

/** Best candidate of one search; null where no scheme was found. */
export async function searchOn(
  table: SearchTable,
  costs: CostTable,
  run: TableSearch
): Promise<Candidate | null> {
  return (await outcomeOn(table, createTableSpace(table, costs), run)).best
}

/** The search space of the table under one cost. */
export function createTableSpace(table: SearchTable, costs: CostTable): SearchSpace {
  return createSpace({ layers: table.layers, macs: table.macs, costs: [tableCost(costs)] })
}

/** One search with all that it evaluated. */
export function outcomeOn(table: SearchTable, space: SearchSpace, run: TableSearch): Promise<SearchOutcome> {
  return runSearch(
    {
      space,
      strategy: run.strategy,
      ...(run.using === undefined ? {} : { using: run.using }),
      objective: run.objective ?? 'kl',
      budgetRatios: [run.budget],
      evaluations: run.evaluations,
      batch: run.batch ?? defaultBatch,
      seed: run.seed
    },
    { evaluate: async (scheme) => table.measure(scheme) }
  )
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
