import type { StrategyName } from '../../src/shared/vocabulary'
import { bestWithin, searchOn } from '../search/searchOn'
import { mean, searchTable, type Experiment, type ResultTable } from './experiment'

const strategies: readonly StrategyName[] = ['auto', 'micoPublished', 'mico', 'greedy', 'random']

/** Mean regret on test half A and searches that found nothing, per strategy. */
async function compare(
  cases: readonly { readonly budget: number; readonly evaluations: number; readonly name: string }[],
  seeds: number
): Promise<ResultTable['rows']> {
  const table = searchTable()
  const bests = cases.map(({ budget }) => bestWithin(table, table.latency, budget))
  const rows: (string | number)[][] = []
  for (const strategy of strategies) {
    const cells: string[] = []
    for (const [at, { budget, evaluations }] of cases.entries()) {
      const regret: number[] = []
      for (let seed = 1; seed <= seeds; seed++) {
        const found = await searchOn(table, table.latency, { strategy, budget, evaluations, seed })
        if (found !== null) regret.push(100 * (bests[at]! - table.testAccuracy(found.scheme)))
      }
      const without = seeds - regret.length
      cells.push(
        `${regret.length === 0 ? '–' : mean(regret).toFixed(2)}${without > 0 ? ` (${without} without)` : ''}`
      )
    }
    rows.push([strategy, ...cells])
  }
  return rows
}

/** How searches get on as the budget tightens. */
export const tightness: Experiment = {
  question: 'How does a tighter latency budget change what searches lose?',
  async run({ seeds }) {
    const cases = [0.59, 0.62, 0.7, 0.8, 0.9, 0.97].map((budget) => ({
      budget,
      evaluations: 32,
      name: `${budget}`
    }))
    const title = `Latency budget as a share of int8: mean regret on test half A in points, 32 evaluations, ${seeds} seeds`
    return [
      { title, columns: ['strategy', ...cases.map(({ name }) => name)], rows: await compare(cases, seeds) }
    ]
  }
}

/** How many evaluations pay. */
export const budgets: Experiment = {
  question: 'What do more evaluations bring, from 16 to 48?',
  async run({ seeds }) {
    const cases = [16, 24, 32, 40, 48].map((evaluations) => ({
      budget: 0.75,
      evaluations,
      name: `${evaluations}`
    }))
    const title = `Evaluations: mean regret on test half A in points at latency 0.75, ${seeds} seeds`
    return [
      { title, columns: ['strategy', ...cases.map(({ name }) => name)], rows: await compare(cases, seeds) }
    ]
  }
}
