import { bestCandidate } from '../candidate'
import { maximalPool } from '../proposals/pool'
import {
  additiveLosses,
  lossShape,
  pendingProbes,
  probesFor,
  knownSensitivity,
  sumOfLosses,
  type Probe,
  type ProbedLoss,
  upcomingProbes
} from '../loss/probes'
import { genesKey, genesOfScheme, type Genes } from '../space'
import type { SearchState, Strategy } from '../strategy'

const pairShare = 0.6

/**
 * CLADO-like (Deng et al., arXiv 2307.05657): beside single sensitivities, what pairs of widths lose together beyond
 * their sum. Pairs are measured, those of greatest single losses first, up to 60 % of the evaluations; then
 * the schemes of least quadratic loss are evaluated in turn. Unmeasured pairs count as additive.
 */
export const pairwiseStrategy: Strategy = {
  usesMaximal: true,
  upcoming: upcomingProbes,
  propose(state, count) {
    const probes = probesFor(state)
    const pending = pendingProbes(state, probes, count)
    if (pending.length > 0) return pending
    const sensitivity = knownSensitivity(state, probes)
    const pairs = pairsOf(state, probes, sensitivity)
    const open = pairs.filter(({ genes }) => !state.seen.has(genesKey(genes)))
    if (open.length > 0) {
      return open
        .slice(0, count)
        .map(({ genes, expected }) => ({ genes, phase: 'initial', expectedLoss: expected }))
    }
    const losses = additiveLosses(state.space, sensitivity)
    const shape = lossShape(state.space)
    const interactions = interactionsOf(state, pairs)
    const lossAt = (genes: Genes): number =>
      Math.max(0, sensitivity.base + sumOfLosses(losses, genes) + interactionLoss(genes, interactions, shape))
    return maximalPool(state, losses, bestCandidate(state.history))
      .map((genes) => ({ genes, loss: lossAt(genes) }))
      .sort((a, b) => a.loss - b.loss)
      .slice(0, count)
      .map(({ genes, loss }) => ({ genes, phase: 'search', expectedLoss: loss }))
  }
}

interface Pair {
  readonly a: Probe
  readonly b: Probe
  readonly genes: Genes
  /** Base and both single losses. */
  readonly expected: number
}

function pairsOf(
  { evaluations }: SearchState,
  probes: readonly Probe[],
  { base, added }: ProbedLoss
): Pair[] {
  const most = Math.max(0, Math.floor(evaluations * pairShare) - probes.length - 1)
  const lossOf = ({ positions }: Probe): number => positions.reduce((sum, at) => sum + added[at], 0)
  const pairs: Pair[] = []
  for (const [index, a] of probes.entries()) {
    for (const b of probes.slice(index + 1)) {
      const genes = Uint8Array.from(a.genes, (gene, at) => Math.max(gene, b.genes[at]))
      pairs.push({ a, b, genes, expected: base + lossOf(a) + lossOf(b) })
    }
  }
  const weight = ({ a, b }: Pair): number => lossOf(a) * lossOf(b)
  return pairs.sort((x, y) => weight(y) - weight(x)).slice(0, most)
}

interface Interaction extends Pair {
  /** Measured loss minus the expected sum. */
  readonly excess: number
}

function interactionsOf({ history, space }: SearchState, pairs: readonly Pair[]): Interaction[] {
  const losses = new Map(
    history.map((entry) => [genesKey(genesOfScheme(entry.scheme, space.widths)), entry.loss])
  )
  return pairs.map((pair) => ({
    ...pair,
    excess: (losses.get(genesKey(pair.genes)) ?? pair.expected) - pair.expected
  }))
}

/** Interactions grow like the geometric mean of both widths' shapes. */
function interactionLoss(
  genes: Genes,
  interactions: readonly Interaction[],
  shape: readonly number[]
): number {
  const strength = ({ positions, genes: probed }: Probe): number =>
    positions.reduce((sum, at) => sum + shape[genes[at]] / shape[probed[at]], 0) / positions.length
  let sum = 0
  for (const { a, b, excess } of interactions) sum += excess * Math.sqrt(strength(a) * strength(b))
  return sum
}
