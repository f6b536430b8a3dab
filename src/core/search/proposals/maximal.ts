import type { Random } from '../../math/random'
import { pairCount, pairsOf } from './knapsack'
import { fits } from '../costs/limits'
import type { Limit } from '../costs/limit'
import { freeGenes, type Genes, type SearchSpace } from '../space'

/**
 * Maximal schemes: within the budgets, and none of their widths can be raised alone without leaving them. More bits do
 * not cost accuracy, so the best scheme is (but for noise) among them, and there are few: 69 to 370 of up to 241,000
 * on the shipped LeNet-5. Raising may skip a width: costs need not grow with the bits.
 */

/** Combinations beyond which a space is not listed. */
const maxListed = 400_000

/** Combinations that are listed in one piece: a few milliseconds where the cost is the RAM of a plan. */
const pieceSize = 1_000

/** Lists every maximal scheme in pieces of a few milliseconds; returns them, null when the space is too large to list. */
export function* maximalSteps(
  space: SearchSpace,
  limits: readonly Limit[]
): Generator<void, Genes[] | null, void> {
  const pairs = space.layers.map((_, layer) => worthwhilePairs(space, layer))
  const combinations = pairs.reduce((product, list) => product * list.length, 1)
  if (combinations > maxListed) return null
  const rest = restOf(space, pairs, Math.min)
  const raisable = createRaisable(space, limits, pairs)
  const found: Genes[] = []
  const genes = new Uint8Array(2 * space.layers.length)
  const count = space.widths.length
  /** Sets the pair of a layer; null where no scheme that begins so is within the budgets, or none of them maximal. */
  const choose = (layer: number, pair: number, { sums, raise }: Beginning): Beginning | null => {
    const next = sums.map(
      (sum, at) => sum + (space.costs[at].table?.perLayer[pairCount(space) * layer + pair] ?? 0)
    )
    if (next.some((sum, at) => sum + rest[at][layer] > limits[at].budget * (1 + 1e-12))) return null
    const least = Math.min(raise, raisable.by(layer, pair))
    if (raisable.always(layer, next, least)) return null
    genes[2 * layer] = Math.floor(pair / count)
    genes[2 * layer + 1] = pair % count
    return { sums: next, raise: least }
  }
  const walk = (layer: number, before: Beginning): void => {
    if (layer === pairs.length) {
      if (fits(space, limits, genes) && isMaximal(space, limits, genes)) found.push(genes.slice())
      return
    }
    for (const pair of pairs[layer]) {
      const next = choose(layer, pair, before)
      if (next !== null) walk(layer + 1, next)
    }
  }
  function* walkInPieces(layer: number, before: Beginning, below: number): Generator<void, void, void> {
    if (below <= pieceSize) {
      walk(layer, before)
      yield
      return
    }
    for (const pair of pairs[layer]) {
      const next = choose(layer, pair, before)
      if (next !== null) yield* walkInPieces(layer + 1, next, below / pairs[layer].length)
    }
  }
  const sums = space.costs.map((cost) => cost.table?.overhead ?? 0)
  yield* walkInPieces(0, { sums, raise: Infinity }, combinations)
  return found
}

/** Widths chosen for the first layers. */
interface Beginning {
  /** Of each cost. */
  readonly sums: readonly number[]
  /** What the cheapest raise of one of the widths adds to the cost. */
  readonly raise: number
}

/**
 * Which beginnings of schemes cannot become maximal: even the dearest rest leaves room for the cheapest raise so far. Known for one
 * cost that is a sum over layers; a margin covers that sums in another order are rounded differently.
 */
function createRaisable(
  space: SearchSpace,
  limits: readonly Limit[],
  pairs: readonly (readonly number[])[]
): {
  /** What the cheapest raise of one width of a layer adds to the cost. */
  by(layer: number, pair: number): number
  /** Whether every scheme that begins so can be raised, given the sums up to a layer. */
  always(layer: number, sums: readonly number[], raise: number): boolean
} {
  const [cost, ...others] = space.costs
  if (others.length > 0 || !cost.isSum || cost.table === null)
    return { by: () => Infinity, always: () => false }
  const { perLayer } = cost.table
  const dearest = restOf(space, pairs, Math.max)[0]
  const count = space.widths.length
  const raises = pairs.map((list, layer) => {
    const row = pairCount(space) * layer
    return new Map(
      list.map((pair) => {
        const [weight, activation] = [Math.floor(pair / count), pair % count]
        const raised = [
          ...space.choices[2 * layer]
            .filter((gene) => gene < weight)
            .map((gene) => gene * count + activation),
          ...space.choices[2 * layer + 1]
            .filter((gene) => gene < activation)
            .map((gene) => weight * count + gene)
        ]
        return [pair, Math.min(...raised.map((other) => perLayer[row + other] - perLayer[row + pair]))]
      })
    )
  })
  return {
    by: (layer, pair) => raises[layer].get(pair)!,
    always: (layer, [sum], raise) =>
      raise < Infinity && sum + dearest[layer] + raise <= limits[0].budget * (1 - 1e-9)
  }
}

/** Whether no position can get more bits within the budgets. */
export function isMaximal(space: SearchSpace, limits: readonly Limit[], genes: Genes): boolean {
  const raised = genes.slice()
  for (let at = 0; at < genes.length; at++) {
    for (const choice of space.choices[at]) {
      if (choice >= genes[at]) break
      raised[at] = choice
      if (fits(space, limits, raised)) return false
    }
    raised[at] = genes[at]
  }
  return true
}

/** Raises widths until the scheme is maximal, in a random order of positions; the genes must be within the budgets. */
export function raisedToMaximal(
  space: SearchSpace,
  limits: readonly Limit[],
  start: Genes,
  random: Random
): Genes {
  const genes = start.slice()
  const tryRaise = createRaise(space, limits, genes)
  for (let isChanged = true; isChanged;) {
    isChanged = false
    for (const at of random.shuffle(freeGenes(space))) {
      const choices = space.choices[at]
      // The smallest raise that fits first: what is left goes to other layers.
      for (let index = choices.indexOf(genes[at]) - 1; index >= 0; index--) {
        if (!tryRaise(at, choices[index])) continue
        isChanged = true
        break
      }
    }
  }
  return genes
}

/** Sets a gene when the scheme stays within the budgets; sums are carried along, other costs computed in full. */
function createRaise(
  space: SearchSpace,
  limits: readonly Limit[],
  genes: Genes
): (at: number, gene: number) => boolean {
  const sums = space.costs.map((cost) => (cost.isSum ? cost.of(genes) : 0))
  const next = sums.slice()
  const count = space.widths.length
  return (at, gene) => {
    const before = genes[at]
    const row = count * (at >> 1)
    const old = (row + genes[at & ~1]) * count + genes[at | 1]
    genes[at] = gene
    const now = (row + genes[at & ~1]) * count + genes[at | 1]
    for (let index = 0; index < sums.length; index++) {
      const cost = space.costs[index]
      next[index] = cost.isSum
        ? sums[index] + cost.table!.perLayer[now] - cost.table!.perLayer[old]
        : cost.of(genes)
      if (next[index] <= limits[index].budget * (1 + 1e-12)) continue
      genes[at] = before
      return false
    }
    for (let index = 0; index < sums.length; index++) sums[index] = next[index]
    return true
  }
}

/** Pairs of a layer that no other pair beats in both widths at no higher cost. */
function worthwhilePairs(space: SearchSpace, layer: number): number[] {
  const all = pairsOf(space, layer)
  const count = space.widths.length
  const row = pairCount(space) * layer
  // Costs of which single layers tell nothing, or not all, may prefer any pair.
  if (space.costs.some(({ table, isSum, growsWith }) => table === null || !(isSum || growsWith))) return all
  const isNoDearer = (other: number, pair: number): boolean =>
    space.costs.every(
      ({ table, growsWith }) =>
        table!.perLayer[row + other] <= table!.perLayer[row + pair] &&
        (growsWith === undefined || growsWith[row + other] <= growsWith[row + pair])
    )
  return all.filter(
    (pair) =>
      !all.some(
        (other) =>
          other !== pair &&
          Math.floor(other / count) <= Math.floor(pair / count) &&
          other % count <= pair % count &&
          isNoDearer(other, pair)
      )
  )
}

/** By cost and layer: least or most (`choose`) that the layers behind it can cost. */
function restOf(
  space: SearchSpace,
  pairs: readonly (readonly number[])[],
  choose: (...costs: number[]) => number
): Float64Array[] {
  return space.costs.map(({ table }) => {
    const rest = new Float64Array(pairs.length)
    for (let layer = pairs.length - 1; layer > 0 && table !== null; layer--) {
      rest[layer - 1] =
        rest[layer] + choose(...pairs[layer].map((pair) => table.perLayer[pairCount(space) * layer + pair]))
    }
    return rest
  })
}
