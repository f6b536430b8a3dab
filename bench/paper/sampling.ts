import { createMico, publishedMico, type MicoSettings } from '../../src/core/search/strategies/mico'
import { bestWithin, searchOn } from '../search/searchOn'
import { mean, searchTable, type Experiment } from './experiment'

const budgets = [
  ['latency', 0.7],
  ['latency', 0.8],
  ['bops', 0.2],
  ['bops', 0.4]
] as const
const counts = [16, 32, 48]
// Its own stop at tight budgets is a fault, not a way of sampling.
const settingsOf = (sampling: MicoSettings['sampling']): MicoSettings => ({
  ...publishedMico,
  stopsBelowInterest: false,
  sampling
})

/** Near-constraint against uniform sampling, all else of the published search equal. */
export const sampling: Experiment = {
  question: 'Does sampling near the budget find better schemes than sampling all that fit?',
  async run({ seeds }) {
    const table = searchTable()
    const rows = []
    for (const way of ['nearBudget', 'uniform'] as const) {
      const using = createMico(settingsOf(way))
      for (const evaluations of counts) {
        const kl: number[] = []
        const regret: number[] = []
        for (const [cost, budget] of budgets) {
          const best = bestWithin(table, table[cost], budget)
          for (let seed = 1; seed <= seeds; seed++) {
            const run = { strategy: 'micoPublished', using, budget, evaluations, seed } as const
            const found = await searchOn(table, table[cost], run)
            if (found === null) continue
            kl.push(found.kl)
            regret.push(100 * (best - table.testAccuracy(found.scheme)))
          }
        }
        rows.push([way, evaluations, mean(kl).toFixed(4), mean(regret).toFixed(2), kl.length])
      }
    }
    const title = `Sampling near the budget against uniform, four budgets, ${seeds} seeds`
    const columns = ['sampling', 'evaluations', 'mean KL', 'mean regret on test half A, points', 'searches']
    return [{ title, columns, rows }]
  }
}
