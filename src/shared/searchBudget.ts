import type { CandidateJson, CostKind, Search } from './contract/search'
import type { CostUnit } from './vocabulary'

/** A kind of cost that a search budgets, and its limit; costs in `unit`. */
export interface SearchBudget {
  readonly cost: CostKind
  readonly unit: CostUnit
  /** Null: no limit. */
  readonly budget: number | null
  /** All-8-bit. */
  readonly baselineCost: number
  /** The cheapest scheme under this budget alone. */
  readonly minimumCost: number
  /** Where no scheme is within all budgets: the one that exceeds them least; absent in searches of older versions. */
  readonly nearestCost?: number | undefined
}

/** Evaluations that fit a floating-point sum: a budget that equals a cost is kept. */
const tolerance = 1 + 1e-12

/** Whether a cost is over its budget (null: no limit). */
export function isOverBudget(cost: number, budget: number | null): boolean {
  return budget !== null && cost > budget * tolerance
}

/** What the budgets of a search are read from. */
export type BudgetedSearch = Pick<
  Search,
  'request' | 'costUnit' | 'budget' | 'baselineCost' | 'minimumCost' | 'otherLimits' | 'nearestCosts'
>

/** The budgets of a search, in the order of its candidates' costs. */
export function budgetsOf(search: BudgetedSearch): SearchBudget[] {
  const {
    request,
    costUnit: unit,
    budget,
    baselineCost,
    minimumCost,
    otherLimits,
    nearestCosts = []
  } = search
  const first = { cost: request.cost, unit, budget, baselineCost, minimumCost, nearestCost: nearestCosts[0] }
  const others = (request.alsoWithin ?? []).flatMap(({ cost }, at) => {
    const limit = otherLimits[at]
    return limit === undefined ? [] : [{ ...limit, cost, nearestCost: nearestCosts[at + 1] }]
  })
  return [first, ...others]
}

/** What a candidate costs under a budget of its search, by the budget's place; null where a search of an older version does not say. */
export const costUnder = (
  { cost, costs }: Pick<CandidateJson, 'cost' | 'costs'>,
  at: number
): number | null => (at === 0 ? cost : (costs[at] ?? null))
