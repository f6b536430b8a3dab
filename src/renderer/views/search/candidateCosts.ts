import type { CandidateJson, CostKind } from '@shared/contract/search'
import { costKindTexts, costText } from '@shared/text/costText'
import { isOverBudget } from '@shared/text/infeasibleText'
import { formatPercent } from '@shared/units'
import type { SearchSummary } from '../../stores/search'

/** Every budgeted cost of a scheme, in its unit and as a share of int8's; named, and held against its own budget, where there are several. */
export function candidateCosts(search: SearchSummary, { costs, cost }: CandidateJson): string[] {
  const { request, costUnit: unit, baselineCost, budget, otherLimits } = search
  const limits = [{ unit, baselineCost, budget }, ...otherLimits]
  const kinds: CostKind[] = [request.cost, ...request.alsoWithin.map((one) => one.cost)]
  return limits.map((limit, at) => {
    const value = at === 0 ? cost : (costs[at] ?? NaN)
    const text = `${costText(value, limit.unit)}, ${formatPercent(value / limit.baselineCost)} of int8`
    if (limits.length === 1) return text
    return `${costKindTexts[kinds[at]]} ${text}${isOverBudget(value, limit.budget) ? ', over its budget' : ''}`
  })
}
