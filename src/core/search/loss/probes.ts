import { quantile } from '../../math/quantile'
import type { Bits } from '../../quant/scheme'
import type { Candidate } from '../candidate'
import type { GivenSensitivity } from './givenSensitivity'
import { freeGenes, genesKey, genesOfScheme, uniformGenes, type Genes, type SearchSpace } from '../space'
import type { Proposal, SearchState } from '../strategy'

/**
 * Sensitivities from probes: all-8-bit once, then every free width lowered alone to 2 bits (or the allowed width nearest
 * to that). Where there are more widths than half of the evaluations, neighbouring widths of one kind share a probe.
 */
export interface Probe {
  /** Positions that are lowered together. */
  readonly positions: readonly number[]
  readonly genes: Genes
}

/** What lowering single positions costs in loss. */
export interface ProbedLoss {
  /** Loss of the widest scheme. */
  readonly base: number
  /** Loss added by lowering each position to its probe's width; 0 where pinned. */
  readonly added: Float64Array
  /** The gene each position was probed at. */
  readonly probed: Uint8Array
}

const probeBits: Bits = 2

/** The widest scheme the space allows. */
export function widestGenes(space: SearchSpace): Genes {
  return uniformGenes(space, 0, 0)
}

/** Returns the probes of a sensitivity analysis, at most about `most` for weights and as many for activations. */
export function probesOf(space: SearchSpace, most: number): Probe[] {
  const free = freeGenes(space)
  const kinds = [0, 1].map((kind) => free.filter((at) => at % 2 === kind))
  const perProbe = Math.max(1, Math.ceil(free.length / Math.max(1, most)))
  return kinds
    .flatMap((positions) =>
      Array.from({ length: Math.ceil(positions.length / perProbe) }, (_, group) =>
        positions.slice(group * perProbe, (group + 1) * perProbe)
      )
    )
    .sort((a, b) => a[0] - b[0])
    .map((positions) => {
      const genes = widestGenes(space)
      for (const at of positions) genes[at] = probeGeneOf(space, at)
      return { positions, genes }
    })
}

function probeGeneOf(space: SearchSpace, at: number, bits: Bits = probeBits): number {
  const lower = space.choices[at].slice(1)
  const probeGene = space.widths.indexOf(bits)
  return lower.reduce((best, gene) => (Math.abs(gene - probeGene) < Math.abs(best - probeGene) ? gene : best))
}

/**
 * Probes of a search: at most about half of its evaluations, and always so few that after all-8-bit and the probes at
 * least one evaluation is left for a scheme within the budgets; none where not even one probe per kind leaves that.
 */
export function probesFor({
  space,
  evaluations,
  given
}: Pick<SearchState, 'space' | 'evaluations' | 'given'>): Probe[] {
  if (given !== undefined) return []
  for (let most = Math.max(1, Math.floor(evaluations / 2) + 2); most > 0; most--) {
    const probes = probesOf(space, most)
    if (probes.length + 2 <= evaluations) return probes
  }
  return []
}

/** All-8-bit and the probes that have not been evaluated yet, up to `count`. */
export function pendingProbes(state: SearchState, probes: readonly Probe[], count: number): Proposal[] {
  return [widestGenes(state.space), ...probes.map(({ genes }) => genes)]
    .filter((genes) => !state.seen.has(genesKey(genes)))
    .slice(0, count)
    .map((genes) => ({ genes, phase: 'initial', expectedLoss: null }))
}

/** Strategy.upcoming of strategies that begin with probes. */
export function upcomingProbes(state: SearchState, count: number): Proposal[] {
  return pendingProbes(state, probesFor(state), count)
}

/** What the strategies go by: losses that were given, else those of the probes. */
export function knownSensitivity(state: SearchState, probes: readonly Probe[]): ProbedLoss {
  const { space, history, given } = state
  return given === undefined ? sensitivityOf(space, history, probes) : givenLosses(space, history, given)
}

/**
 * Given losses as those of probes: a layer's loss belongs to its weights at the given width (or the one nearest to it), and
 * to its activations likewise, of which nothing else is known.
 */
function givenLosses(
  space: SearchSpace,
  history: readonly Candidate[],
  { losses, bits }: GivenSensitivity
): ProbedLoss {
  const known = Float64Array.from(losses.filter((loss) => loss !== null)).sort()
  const middle = known.length === 0 ? 0 : quantile(known, 0.5)
  const { base } = sensitivityOf(space, history, [])
  const added = new Float64Array(space.choices.length)
  const probed = new Uint8Array(space.choices.length)
  for (const at of freeGenes(space)) {
    added[at] = Math.max(0, losses[at >> 1] ?? middle)
    probed[at] = probeGeneOf(space, at, bits)
  }
  return { base, added, probed }
}

/** Reads the probes' results; a shared probe's loss is spread evenly. */
export function sensitivityOf(
  space: SearchSpace,
  history: readonly Candidate[],
  probes: readonly Probe[]
): ProbedLoss {
  const losses = new Map(
    history.map((entry) => [genesKey(genesOfScheme(entry.scheme, space.widths)), entry.loss])
  )
  const base = losses.get(genesKey(widestGenes(space))) ?? 0
  const added = new Float64Array(space.choices.length)
  const probed = new Uint8Array(space.choices.length)
  for (const { positions, genes } of probes) {
    const loss = losses.get(genesKey(genes)) ?? base
    for (const at of positions) {
      added[at] = Math.max(0, loss - base) / positions.length
      probed[at] = genes[at]
    }
  }
  return { base, added, probed }
}

/**
 * Loss relative to 2 bits. 8, 4, 2, 1: fitted on the shipped networks' KL (docs/search.md); between 8 and 4 a quarter for every
 * bit, as the square of the step; 3 bits: the geometric mean of its neighbours.
 */
const lossOfBits: Readonly<Record<Bits, number>> = {
  8: 0,
  7: 0.002,
  6: 0.0075,
  5: 0.03,
  4: 0.12,
  3: 0.35,
  2: 1,
  1: 3
}

/** Loss of every gene relative to 2 bits. */
export function lossShape({ widths }: Pick<SearchSpace, 'widths'>): number[] {
  return widths.map((bits) => lossOfBits[bits])
}

/** Expected added loss of every layer at every pair, layers x pairs of widths (knapsack.ts), additive with the given shape. */
export function additiveLosses(
  space: SearchSpace,
  { added, probed }: ProbedLoss,
  shape: readonly number[] = lossShape(space)
): Float64Array {
  const count = space.widths.length
  const losses = new Float64Array(space.layers.length * count * count)
  const share = (at: number, gene: number): number =>
    // Where no loss was seen, more bits are still better.
    (Math.max(added[at], 1e-7) * shape[gene]) / Math.max(shape[probed[at]], 1e-9) || 0
  for (let layer = 0; layer < space.layers.length; layer++) {
    for (let weight = 0; weight < count; weight++) {
      for (let activation = 0; activation < count; activation++) {
        losses[(layer * count + weight) * count + activation] =
          shareOrZero(share, 2 * layer, weight) + shareOrZero(share, 2 * layer + 1, activation)
      }
    }
  }
  return losses

  function shareOrZero(of: typeof share, at: number, gene: number): number {
    return space.choices[at].length > 1 ? of(at, gene) : 0
  }
}

/** Sum of the losses of a scheme's widths: the additive model. */
export function sumOfLosses(losses: Float64Array, genes: Genes): number {
  let sum = 0
  const count = Math.sqrt((2 * losses.length) / genes.length)
  for (let at = 0; at < genes.length; at += 2)
    sum += losses[((at >> 1) * count + genes[at]) * count + genes[at + 1]]
  return sum
}
