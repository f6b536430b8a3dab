import { mean } from '../../src/core/math/mean'
import { fitLossModel } from '../../src/core/search/loss/lossModel'
import { probesFor, sensitivityOf } from '../../src/core/search/loss/probes'
import { genesOfScheme } from '../../src/core/search/space'
import { choices, type ChoiceRow, type TableBudget } from './choices'
import { bestWithin, createTableSpace, outcomeOn } from './searchOn'
import type { SearchTable } from './table'

/** A value of each feasible candidate of one search; the least is chosen, the earlier of equals. */
type Rule = (candidates: SearchedRows) => ArrayLike<number>

interface SearchedRows {
  readonly table: SearchTable
  /** Rows of the feasible candidates in the table. */
  readonly rows: readonly number[]
  /** Their log KL as the loss model of `auto` expects it after the last evaluation. */
  readonly expected: readonly number[]
}

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    Object.entries(choices).map(([name, valueOf]): [string, Rule] => [
      name,
      ({ table, rows }) => rows.map((row) => valueOf(table, row))
    ])
  ),
  'posterior mean of log KL': ({ expected }) => expected,
  'errors on half A itself': ({ table, rows }) => rows.map((row) => -table.testAccuracy(table.schemeAt(row)))
}

/**
 * Regret on test half A, in points, when the result is chosen by each rule among what `auto` evaluated by KL on the search
 * images, mean over the seeds 1 to `seeds`. The last rule knows the judging labels: what is left of its regret lies in
 * schemes that were not evaluated, the rest of another rule's in the choice. @returns one row per rule
 */
export async function regretOfFinalChoice(
  table: SearchTable,
  budgets: readonly TableBudget[],
  evaluations: number,
  seeds: number
): Promise<ChoiceRow[]> {
  const byRule = new Map<string, number[]>(Object.keys(rules).map((name) => [name, []]))
  for (const [cost, budget] of budgets) {
    const best = bestWithin(table, table[cost], budget)
    const lost = new Map<string, number[]>(Object.keys(rules).map((name) => [name, []]))
    for (let seed = 1; seed <= seeds; seed++) {
      const found = await searchedRows(table, cost, budget, evaluations, seed)
      for (const [name, rule] of Object.entries(rules)) {
        const values = Array.from(rule(found))
        const chosen = found.rows[values.indexOf(Math.min(...values))]
        lost.get(name)!.push(100 * (best - table.testAccuracy(table.schemeAt(chosen))))
      }
    }
    for (const [name, regrets] of lost) byRule.get(name)!.push(mean(regrets))
  }
  return [...byRule].map(([name, regrets]) => ({ name, regrets, mean: mean(regrets) }))
}

async function searchedRows(
  table: SearchTable,
  cost: TableBudget[0],
  budget: number,
  evaluations: number,
  seed: number
): Promise<SearchedRows> {
  const space = createTableSpace(table, table[cost])
  const { trace } = await outcomeOn(table, space, { strategy: 'auto', budget, evaluations, seed })
  const probed = sensitivityOf(space, trace, probesFor({ space, evaluations }))
  const model = fitLossModel(space, trace, probed)
  const schemes = trace.filter(({ feasible }) => feasible).map(({ scheme }) => scheme)
  return {
    table,
    rows: schemes.map((scheme) => table.rowOf(scheme)),
    expected: schemes.map((scheme) => model.predict(genesOfScheme(scheme)).mean)
  }
}
