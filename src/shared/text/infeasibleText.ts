import { isOverBudget, type SearchBudget } from '../searchBudget'
import { formatPercent } from '../units'
import { costKindTexts, costText } from './costText'

/** Why no scheme is within all budgets: one line for each that no scheme keeps, else one that they cannot be kept at once. */
export function infeasibleText(budgets: readonly SearchBudget[]): string[] {
  const limited = budgets.filter(({ budget }) => budget !== null)
  const beyond = limited.filter(({ budget, minimumCost }) => isOverBudget(minimumCost, budget))
  if (beyond.length > 0) return beyond.map(beyondText)
  const nearest = limited
    .filter(({ nearestCost }) => nearestCost !== undefined)
    .map(
      ({ cost, unit, budget, nearestCost }) =>
        `${costKindTexts[cost]} ${costText(nearestCost, unit)} (budget ${costText(budget, unit)})`
    )
  const together = 'Each budget can be kept alone, but no scheme was found that keeps all of them.'
  return [nearest.length === 0 ? together : `${together} The nearest one: ${nearest.join(', ')}.`]
}

function beyondText({ cost, unit, budget, baselineCost, minimumCost }: SearchBudget): string {
  // Rounded up: with the share that is named the budget can be kept.
  const share = Math.ceil((minimumCost / baselineCost) * 1000 - 1e-9) / 1000
  return `${costKindTexts[cost]}: the cheapest scheme costs ${costText(minimumCost, unit)}, more than the budget of ${costText(budget, unit)}. Raise it to ${formatPercent(share)} of int8.`
}
