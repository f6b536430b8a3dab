import { AppError } from '../../../shared/errors'
import { isOverBudget } from '../../../shared/searchBudget'
import { leastLoss } from '../proposals/knapsack'
import type { Limit } from './limit'
import { freeGenes, genesKey, uniformGenes, type Genes, type SchemeCost, type SearchSpace } from '../space'
import type { CostTable } from './costTable'

/** Budgets of a search, and the scheme that comes nearest to them. */
export interface SearchLimits {
  readonly limits: readonly Limit[]
  /** False: no scheme is within all budgets. A result, not an error. */
  readonly isFeasible: boolean
  /** Of the schemes found, the one that exceeds its budgets least; within all of them when feasible. */
  readonly cheapest: Genes
}

/** Costs of a scheme, one per cost of the space. */
export function costsOf(space: SearchSpace, genes: Genes): number[] {
  return space.costs.map((cost) => cost.of(genes))
}

/** Whether a scheme is within all budgets (with a tolerance for rounding). */
export function fits(space: SearchSpace, limits: readonly Limit[], genes: Genes): boolean {
  for (let at = 0; at < limits.length; at++) {
    if (isOverBudget(space.costs[at].of(genes), limits[at].budget)) return false
  }
  return true
}

/**
 * @param ratios budgets as shares of all-8-bit's cost, one per cost of the space; null: not limited
 * @throws AppError search.invalid when a cost is not a positive finite number or the ratios do not match the costs
 */
export function searchLimits(space: SearchSpace, ratios: readonly (number | null)[]): SearchLimits {
  if (ratios.length !== space.costs.length || ratios.length === 0) {
    throw new AppError(
      'search.invalid',
      `${space.costs.length} costs with ${ratios.length} budgets.`,
      'Give one budget for every cost.'
    )
  }
  const int8 = new Uint8Array(space.choices.length)
  const cheapestOf = space.costs.map((_, at) => cheapestUnder(space, at))
  const limits = space.costs.map((cost, at): Limit => {
    const baselineCost = positive(cost.int8 ?? cost.of(int8))
    const ratio = ratios[at] ?? null
    return {
      baselineCost,
      minimumCost: positive(cost.of(cheapestOf[at])),
      budget: ratio === null ? Infinity : baselineCost * ratio
    }
  })
  const cheapest = leastExcess(space, limits, cheapestOf)
  return { limits, isFeasible: fits(space, limits, cheapest), cheapest }
}

function positive(cost: number): number {
  if (Number.isFinite(cost) && cost > 0) return cost
  throw new AppError(
    'search.invalid',
    `The cost of a scheme came out as ${cost}.`,
    'Check the proxy or choose another cost: costs must be positive numbers.'
  )
}

/**
 * Exact for sums over the layers; for other costs the cheaper of the least sum and the end of a descent over single genes from the
 * cheapest scheme with one pair everywhere.
 */
function cheapestUnder(space: SearchSpace, at: number): Genes {
  const cost = space.costs[at]
  const least = cost.table === null ? null : leastSum(space, cost.table)
  if (least !== null && cost.isSum) return least
  const descended = descendedFromUniform(space, cost)
  return least !== null && cost.of(least) <= cost.of(descended) ? least : descended
}

function leastSum(space: SearchSpace, { perLayer }: CostTable): Genes {
  const genes = new Uint8Array(space.choices.length)
  const count = space.widths.length
  for (let layer = 0; layer < space.layers.length; layer++) {
    let least = Infinity
    for (const weight of space.choices[2 * layer]) {
      for (const activation of space.choices[2 * layer + 1]) {
        const value = positive(perLayer[(count * layer + weight) * count + activation])
        if (value >= least) continue
        least = value
        genes[2 * layer] = weight
        genes[2 * layer + 1] = activation
      }
    }
  }
  return genes
}

function descendedFromUniform(space: SearchSpace, cost: SchemeCost): Genes {
  // The lowest bits first: they win where several cost the same.
  const widths = [...space.widths.keys()].reverse()
  const genes = widths
    .flatMap((weight) => widths.map((activation) => uniformGenes(space, weight, activation)))
    .reduce((best, next) => (cost.of(next) < cost.of(best) ? next : best))
  let least = cost.of(genes)
  for (const position of freeGenes(space)) {
    for (const gene of space.choices[position]) {
      const before = genes[position]
      genes[position] = gene
      const value = cost.of(genes)
      if (value < least) least = value
      else genes[position] = before
    }
  }
  return genes
}

/** With one budget its cheapest scheme; with several the best of knapsacks that minimise one under the others. */
function leastExcess(space: SearchSpace, limits: readonly Limit[], cheapest: readonly Genes[]): Genes {
  const excess = (genes: Genes): number =>
    Math.max(...limits.map(({ budget }, at) => space.costs[at].of(genes) / budget))
  const tried = [...cheapest]
  if (limits.length > 1) {
    for (const cost of space.costs) {
      if (cost.table === null) continue
      const found = leastLoss(space, limits, cost.table.perLayer)
      if (found !== null) tried.push(found)
    }
  }
  const unique = new Map(tried.map((genes) => [genesKey(genes), genes]))
  return [...unique.values()].reduce((best, genes) => (excess(genes) < excess(best) ? genes : best))
}
