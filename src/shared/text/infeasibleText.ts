import type { CostKind, Search } from '../contract/search'
import { formatPercent } from '../units'
import type { CostUnit } from '../vocabulary'
import { costKindTexts, costText } from './costText'

/** A budget of a search that found no scheme within all of them; costs in `unit`. */
export interface UnkeptBudget {
  readonly cost: CostKind
  readonly unit: CostUnit
  /** Null: no limit. */
  readonly budget: number | null
  /** All-8-bit. */
  readonly baselineCost: number
  /** The cheapest scheme under this budget alone. */
  readonly minimumCost: number
  /** The scheme that exceeds all budgets least; absent in searches of older versions. */
  readonly nearestCost?: number | undefined
}

/** Sums are rounded: a budget that equals a cost is kept (costs/limits.ts). */
const tolerance = 1 + 1e-12

/** Whether a cost is over its budget (null: no limit), as searches decide it. */
export function isOverBudget(cost: number, budget: number | null): boolean {
  return budget !== null && cost > budget * tolerance
}

/** Why no scheme is within all budgets: one line for each that no scheme keeps, else one that they cannot be kept at once. */
export function infeasibleText(budgets: readonly UnkeptBudget[]): string[] {
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

function beyondText({ cost, unit, budget, baselineCost, minimumCost }: UnkeptBudget): string {
  // Rounded up: with the share that is named the budget can be kept.
  const share = Math.ceil((minimumCost / baselineCost) * 1000 - 1e-9) / 1000
  return `${costKindTexts[cost]}: the cheapest scheme costs ${costText(minimumCost, unit)}, more than the budget of ${costText(budget, unit)}. Raise it to ${formatPercent(share)} of int8.`
}

/** The budgets of a search, in their order. */
export function budgetsOf(
  search: Pick<
    Search,
    'request' | 'costUnit' | 'budget' | 'baselineCost' | 'minimumCost' | 'otherLimits' | 'nearestCosts'
  >
): UnkeptBudget[] {
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
  const others = request.alsoWithin.flatMap(({ cost }, at) => {
    const limit = otherLimits[at]
    return limit === undefined ? [] : [{ ...limit, cost, nearestCost: nearestCosts[at + 1] }]
  })
  return [first, ...others]
}
