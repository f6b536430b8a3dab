import { mean } from '../../src/core/math/mean'
import { genesCost, type CostTable } from '../../src/core/search/costs/costTable'
import { genesOfScheme } from '../../src/core/search/space'
import { bestWithin } from './searchOn'
import type { SearchTable } from './table'

/** A budget of the table, as a share of int8's cost. */
export type TableBudget = readonly [cost: 'latency' | 'bops', budget: number]

/** What a scheme could be chosen by; the least value is chosen. */
export const choices: Readonly<Record<string, (table: SearchTable, row: number) => number>> = {
  'KL, search images': (table, row) => table.losses('search', row).kl,
  'KL, tune images': (table, row) => table.losses('tune', row).kl,
  'KL, both': (table, row) => both(table, row, 'kl'),
  'cross-entropy, search images': (table, row) => table.losses('search', row).crossEntropy,
  'cross-entropy, tune images': (table, row) => table.losses('tune', row).crossEntropy,
  'cross-entropy, both': (table, row) => both(table, row, 'crossEntropy'),
  'errors, search images': (table, row) => table.losses('search', row).errors,
  'errors, both': (table, row) => both(table, row, 'errors'),
  'KL + 0.2 x errors, both': (table, row) => both(table, row, 'kl') + 0.2 * both(table, row, 'errors'),
  'KL + 0.2 x cross-entropy, search images': (table, row) => {
    const { kl, crossEntropy } = table.losses('search', row)
    return kl + 0.2 * crossEntropy
  }
}

/** Regret on test half A in points, by budget, of what one measure chooses. */
export interface ChoiceRow {
  readonly name: string
  readonly regrets: readonly number[]
  readonly mean: number
}

function both(table: SearchTable, row: number, what: 'kl' | 'crossEntropy' | 'errors'): number {
  const [search, tune] = [table.losses('search', row), table.losses('tune', row)]
  return (search.images * search[what] + tune.images * tune[what]) / (search.images + tune.images)
}

/**
 * Regret on test half A, in points, of the scheme that each measure likes best among all within a budget: what a search that
 * finds it cannot undercut. @returns one row per measure, the mean last
 */
export function regretOfChoices(table: SearchTable, budgets: readonly TableBudget[]): ChoiceRow[] {
  const cases = budgets.map(([cost, budget]) => ({
    rows: rowsWithin(table, table[cost], budget),
    best: bestWithin(table, table[cost], budget)
  }))
  return Object.entries(choices).map(([name, valueOf]) => {
    const regrets = cases.map(({ rows, best }) => {
      let [chosen, least] = [-1, Infinity]
      for (const row of rows) {
        const value = valueOf(table, row)
        if (value < least) [chosen, least] = [row, value]
      }
      return 100 * (best - table.testAccuracy(table.schemeAt(chosen)))
    })
    return { name, regrets, mean: mean(regrets) }
  })
}

/** Rows of all schemes that a budget allows. */
export function rowsWithin(table: SearchTable, costs: CostTable, budget: number): number[] {
  const limit = genesCost(costs, new Uint8Array(2 * table.layers.length)) * budget * (1 + 1e-12)
  return Array.from({ length: table.schemes }, (_, row) => row).filter(
    (row) => genesCost(costs, genesOfScheme(table.schemeAt(row))) <= limit
  )
}
