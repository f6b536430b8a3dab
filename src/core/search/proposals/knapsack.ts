import type { Limit } from '../costs/limit'
import { paretoFront } from '../pareto'
import type { Genes, SearchSpace } from '../space'

/**
 * Multiple-choice knapsack: one bit pair per layer, least sum of losses within every additive budget (the integer program
 * of HAWQ-V3, Yao et al., arXiv 2011.10680). Dynamic programming over the layers with undominated partial sums; when
 * there are more than `maxStates`, the costs are put into buckets and each bucket keeps its least loss, so the result
 * always keeps the budgets and is exact while nothing was dropped. Costs without a table (memory peaks) are not seen.
 *
 * @param losses layers x pairs of widths, weight gene major (as CostTable.perLayer)
 * @returns null when no choice keeps the budgets
 */
export function leastLoss(
  space: SearchSpace,
  limits: readonly Limit[],
  losses: ArrayLike<number>,
  maxStates = 500
): Genes | null {
  const layers = space.layers.length
  const active = space.costs.flatMap((cost, at) =>
    cost.table !== null && Number.isFinite(limits[at].budget)
      ? [{ table: cost.table, budget: limits[at].budget * (1 + 1e-12) }]
      : []
  )
  const rest = active.map(({ table }) => restMinima(space, table.perLayer))
  const kept: States[] = []
  let states: States = {
    size: 1,
    loss: new Float64Array(1),
    costs: active.map(({ table }) => Float64Array.of(table.overhead)),
    pair: new Uint8Array(1),
    parent: new Int32Array(1)
  }
  for (let layer = 0; layer < layers; layer++) {
    states = reduced(extended(space, layer, states, active, rest, losses), active, rest, layer, maxStates)
    if (states.size === 0) return null
    kept.push(states)
  }
  let best = 0
  for (let at = 1; at < states.size; at++) if (states.loss[at] < states.loss[best]) best = at
  const genes = new Uint8Array(2 * layers)
  for (let layer = layers - 1; layer >= 0; layer--) {
    const { pair, parent } = kept[layer]
    genes[2 * layer] = Math.floor(pair[best] / space.widths.length)
    genes[2 * layer + 1] = pair[best] % space.widths.length
    best = parent[best]
  }
  return genes
}

/** Partial choices up to a layer; `parent` is an index into the states of the layer before. */
interface States {
  size: number
  loss: Float64Array
  costs: Float64Array[]
  pair: Uint8Array
  parent: Int32Array
}

interface ActiveCost {
  readonly table: { readonly perLayer: Float64Array }
  readonly budget: number
}

/** rest[layer]: least cost of all layers behind it. */
function restMinima(space: SearchSpace, perLayer: Float64Array): Float64Array {
  const layers = space.layers.length
  const rest = new Float64Array(layers)
  for (let layer = layers - 1; layer > 0; layer--) {
    let least = Infinity
    for (const pair of pairsOf(space, layer))
      least = Math.min(least, perLayer[pairCount(space) * layer + pair])
    rest[layer - 1] = rest[layer] + least
  }
  return rest
}

/** Pairs of widths in a row of a cost table. */
export function pairCount({ widths }: SearchSpace): number {
  return widths.length ** 2
}

/** Allowed pairs of a layer: weight gene x number of widths + activation gene. */
export function pairsOf(space: SearchSpace, layer: number): number[] {
  return space.choices[2 * layer].flatMap((weight) =>
    space.choices[2 * layer + 1].map((activation) => space.widths.length * weight + activation)
  )
}

/** Pairs that no other one beats in loss and in every budgeted cost; of equal ones the first. */
function usefulPairs(
  space: SearchSpace,
  layer: number,
  active: readonly ActiveCost[],
  losses: ArrayLike<number>
): number[] {
  const pairs = pairsOf(space, layer)
  const values = pairs.map((pair) => [
    losses[pairCount(space) * layer + pair],
    ...active.map(({ table }) => table.perLayer[pairCount(space) * layer + pair])
  ])
  const kept = new Set(paretoFront(values, (value) => value))
  return pairs.filter((_, index) => kept.has(values[index]))
}

function extended(
  space: SearchSpace,
  layer: number,
  states: States,
  active: readonly ActiveCost[],
  rest: readonly Float64Array[],
  losses: ArrayLike<number>
): States {
  const pairs = usefulPairs(space, layer, active, losses)
  const most = states.size * pairs.length
  const next: States = {
    size: 0,
    loss: new Float64Array(most),
    costs: active.map(() => new Float64Array(most)),
    pair: new Uint8Array(most),
    parent: new Int32Array(most)
  }
  for (let from = 0; from < states.size; from++) {
    for (const pair of pairs) {
      const to = next.size
      let isWithin = true
      for (let at = 0; at < active.length && isWithin; at++) {
        const cost = states.costs[at][from] + active[at].table.perLayer[pairCount(space) * layer + pair]
        next.costs[at][to] = cost
        isWithin = cost + rest[at][layer] <= active[at].budget
      }
      if (!isWithin) continue
      next.loss[to] = states.loss[from] + losses[pairCount(space) * layer + pair]
      next.pair[to] = pair
      next.parent[to] = from
      next.size++
    }
  }
  return next
}

/** Drops dominated states (one budget) and thins to the limit by buckets of cost; far too many are thinned first. */
function reduced(
  states: States,
  active: readonly ActiveCost[],
  rest: readonly Float64Array[],
  layer: number,
  maxStates: number
): States {
  const all = Array.from({ length: states.size }, (_, index) => index)
  if (active.length === 0) {
    return picked(
      states,
      all.length === 0 ? [] : [all.reduce((a, b) => (states.loss[b] < states.loss[a] ? b : a))]
    )
  }
  const thin = (from: readonly number[]): number[] => thinned(states, from, active, rest, layer, maxStates)
  let survivors = all.length > 4 * maxStates ? thin(all) : all
  if (active.length === 1) survivors = undominated(states, survivors)
  return picked(states, survivors.length > maxStates ? thin(survivors) : survivors)
}

/** By rising cost, those of less loss than everything cheaper. */
function undominated(states: States, from: readonly number[]): number[] {
  const cost = states.costs[0]
  const order = [...from].sort((a, b) => cost[a] - cost[b] || states.loss[a] - states.loss[b])
  let least = Infinity
  return order.filter((index) => {
    if (states.loss[index] >= least) return false
    least = states.loss[index]
    return true
  })
}

/** The least loss of every bucket of cost. */
function thinned(
  states: States,
  from: readonly number[],
  active: readonly ActiveCost[],
  rest: readonly Float64Array[],
  layer: number,
  maxStates: number
): number[] {
  const perCost = Math.max(2, Math.floor(maxStates ** (1 / active.length)))
  const scales = active.map(({ budget }, at) => {
    let low = Infinity
    for (const index of from) low = Math.min(low, states.costs[at][index])
    return { low, perUnit: (perCost - 1) / Math.max(1e-300, budget - rest[at][layer] - low) }
  })
  const buckets = new Int32Array(perCost ** active.length).fill(-1)
  for (const index of from) {
    let bucket = 0
    for (let at = 0; at < scales.length; at++) {
      const { low, perUnit } = scales[at]
      const place = Math.floor((states.costs[at][index] - low) * perUnit)
      bucket = bucket * perCost + Math.max(0, Math.min(perCost - 1, place))
    }
    const present = buckets[bucket]
    if (present < 0 || states.loss[index] < states.loss[present]) buckets[bucket] = index
  }
  return Array.from(buckets.filter((index) => index >= 0))
}

function picked(states: States, indices: readonly number[]): States {
  return {
    size: indices.length,
    loss: Float64Array.from(indices, (index) => states.loss[index]),
    costs: states.costs.map((values) => Float64Array.from(indices, (index) => values[index])),
    pair: Uint8Array.from(indices, (index) => states.pair[index]),
    parent: Int32Array.from(indices, (index) => states.parent[index])
  }
}
