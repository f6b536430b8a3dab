import type { Random } from '../../math/random'
import { bestCandidate } from '../candidate'
import { fits } from '../costs/limits'
import { sampleUniform, sampleWindow } from '../proposals/sampler'
import { freeGenes, genesKey, genesOfScheme, uniformGenes, type Genes, type SearchSpace } from '../space'
import type { Proposal, SearchState, Strategy } from '../strategy'
import { fitSurrogate } from '../loss/surrogate'

/**
 * MiCo's search (Jiang and Lyu, arXiv 2508.09500): the least loss under a budget with a random forest as guide.
 *
 * First evaluations: all-8-bit, all-lowest, and all-8-bit with shuffled layers lowered ("orth"). Then schemes with a cost
 * just below the budget are sampled, and those of highest mean + 0.5 * (initial / seen) * deviation over the trees are
 * evaluated.
 */
export interface MicoSettings {
  /** Published: the search stops when budget / all-8-bit <= the region of interest (0.1 to 0.3). */
  readonly stopsBelowInterest: boolean
  /** Published: no search without a budget below all-8-bit. */
  readonly needsBudget: boolean
  /** Published: false, an initial scheme is never the result. */
  readonly initialMayWin: boolean
  /** Where candidates come from: a window below the budget, or uniformly from all schemes within the budgets. */
  readonly sampling: 'nearBudget' | 'uniform'
  /** Share of the evaluations, at the end, spent on neighbours of the best scheme; published: 0. */
  readonly refineShare: number
}

/** Settings of MiCo as published. */
export const publishedMico: MicoSettings = {
  stopsBelowInterest: true,
  needsBudget: true,
  initialMayWin: false,
  sampling: 'nearBudget',
  refineShare: 0
}

/** Settings of MiCo with our corrections. */
export const mendedMico: MicoSettings = {
  stopsBelowInterest: false,
  needsBudget: false,
  initialMayWin: true,
  sampling: 'nearBudget',
  refineShare: 0.2
}

const samplesPerStep = 1000

/** Returns MiCo's strategy, as published or with its faults mended, by settings. */
export function createMico(settings: MicoSettings): Strategy {
  return {
    mayWin: ({ phase }) => settings.initialMayWin || phase !== 'initial',
    propose(state, count) {
      const step = state.history.length
      const initial = initialCount(state.evaluations)
      if (step < initial) {
        const points = initialPoints(state, Math.min(count, initial - step))
        if (points.length > 0) return points
      }
      const guide = (): Proposal[] => guided(state, initial, settings, count)
      const refine = (): Proposal[] => refined(state, count)
      const [first, second] =
        settings.refineShare > 0 && step >= state.evaluations * (1 - settings.refineShare)
          ? [refine, guide]
          : [guide, settings.refineShare > 0 ? refine : () => []]
      const proposals = first()
      return proposals.length > 0 ? proposals : second()
    }
  }
}

/** MiCo with the corrections of `mendedMico`. */
export const micoStrategy = createMico(mendedMico)
/** MiCo as published. */
export const micoPublishedStrategy = createMico(publishedMico)

function initialCount(evaluations: number): number {
  return Math.max(2, Math.min(12, Math.floor(evaluations / 3)))
}

function initialPoints({ space, seen, random, evaluations }: SearchState, count: number): Proposal[] {
  const lowered = Math.max(1, Math.floor(space.layers.length / Math.max(1, initialCount(evaluations) - 2)))
  const chosen = new Map<string, Genes>()
  const add = (genes: Genes): void => {
    const key = genesKey(genes)
    if (chosen.size < count && !seen.has(key)) chosen.set(key, genes)
  }
  add(uniformGenes(space, 0, 0))
  add(uniformGenes(space, 3, 3))
  for (let attempt = 0; attempt < 50 && chosen.size < count; attempt++)
    add(loweredGenes(space, lowered, random))
  return [...chosen.values()].map((genes) => ({ genes, phase: 'initial', expectedLoss: null }))
}

function loweredGenes(space: SearchSpace, lowered: number, random: Random): Genes {
  const genes = uniformGenes(space, 0, 0)
  const order = random.shuffle(Array.from({ length: space.layers.length }, (_, layer) => layer))
  for (const layer of order.slice(0, lowered)) {
    for (const at of [2 * layer, 2 * layer + 1]) {
      const lower = space.choices[at].slice(1)
      if (lower.length > 0) genes[at] = lower[random.integer(lower.length)]
    }
  }
  return genes
}

function guided(state: SearchState, initial: number, settings: MicoSettings, count: number): Proposal[] {
  const { space, limits, history, random, evaluations, objective } = state
  const { budget, baselineCost, minimumCost } = limits[0]
  if (settings.needsBudget && budget >= baselineCost) return []
  // Region of interest: how far below the budget schemes may lie, as a share of the baseline's cost; it widens.
  const interest = 0.1 + (0.2 * (history.length - initial)) / Math.max(1, evaluations - initial)
  if (settings.stopsBelowInterest && budget / baselineCost <= interest) return []
  const low = Math.max(minimumCost, Math.min(budget, baselineCost) - interest * baselineCost)
  let samples =
    settings.sampling === 'uniform'
      ? sampleUniform(state, samplesPerStep)
      : sampleWindow(state, { low, wanted: samplesPerStep })
  if (samples.length < count) samples = sampleWindow(state, { low: 0, wanted: samplesPerStep })
  if (samples.length === 0) return []
  const surrogate = fitSurrogate(space, history, objective, random.integer(2 ** 31))
  const { score, deviation, loss } = surrogate.predict(samples)
  const curiosity = (0.5 * initial) / history.length
  return highest(samples, (at) => score[at] + curiosity * deviation[at], count).map((at) => ({
    genes: samples[at],
    phase: 'search',
    expectedLoss: loss[at]
  }))
}

/** The best untried neighbours of the best scheme: one gene changed, or one raised and one lowered, within the budgets. */
function refined(
  { space, limits, history, seen, random, objective }: SearchState,
  count: number
): Proposal[] {
  const best = bestCandidate(history)
  if (best === null) return []
  const neighbours = neighboursOf(space, genesOfScheme(best.scheme, space.widths)).filter(
    (genes) => !seen.has(genesKey(genes)) && fits(space, limits, genes)
  )
  if (neighbours.length === 0) return []
  const { score, loss } = fitSurrogate(space, history, objective, random.integer(2 ** 31)).predict(neighbours)
  return highest(neighbours, (at) => score[at], count).map((at) => ({
    genes: neighbours[at],
    phase: 'refine',
    expectedLoss: loss[at]
  }))
}

/** Indices of the `count` highest values, highest first. */
export function highest(list: readonly unknown[], value: (at: number) => number, count: number): number[] {
  return list
    .map((_, at) => at)
    .sort((a, b) => value(b) - value(a) || a - b)
    .slice(0, count)
}

/** Schemes one gene away, or one raised and one lowered by one step; each once. */
export function neighboursOf(space: SearchSpace, genes: Genes): Genes[] {
  const free = freeGenes(space)
  const stepped = (from: Genes, at: number, by: number): Genes | null => {
    const next = space.choices[at][space.choices[at].indexOf(from[at]) + by]
    if (next === undefined) return null
    const changed = from.slice()
    changed[at] = next
    return changed
  }
  const neighbours: Genes[] = []
  for (const at of free) {
    for (const by of [-1, 1]) {
      const one = stepped(genes, at, by)
      if (one === null) continue
      neighbours.push(one)
      if (by === 1) continue
      for (const other of free) {
        const both = other === at ? null : stepped(one, other, 1)
        if (both !== null) neighbours.push(both)
      }
    }
  }
  return neighbours
}
