import type { CandidateJson } from '@shared/contract/search'
import { budgetsOf, costUnder, isOverBudget } from '@shared/searchBudget'
import { costKindTexts, costText } from '@shared/text/costText'
import { formatPercent } from '@shared/units'
import type { SearchSummary } from '../../stores/search'

/** Every budgeted cost of a scheme, in its unit and as a share of int8's; named, and held against its own budget, where there are several. */
export function candidateCosts(search: SearchSummary, candidate: CandidateJson): string[] {
  const budgets = budgetsOf(search)
  return budgets.map(({ cost, unit, baselineCost, budget }, at) => {
    const value = costUnder(candidate, at) ?? NaN
    const text = `${costText(value, unit)}, ${formatPercent(value / baselineCost)} of int8`
    if (budgets.length === 1) return text
    return `${costKindTexts[cost]} ${text}${isOverBudget(value, budget) ? ', over its budget' : ''}`
  })
}
