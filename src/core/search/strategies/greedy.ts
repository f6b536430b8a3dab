import { genesKey, highestGenes, schemeOf, type Genes, type SearchProblem } from '../problem'
import type { Strategy } from '../strategy'

/**
 * Greedy by sensitivity per cost: every gene is lowered alone by one width to see what accuracy it costs and what it
 * saves; from the top, the step with the least accuracy lost per cost saved is taken until the budget is met. Later
 * evaluations try raising single genes again where the budget allows it.
 */
export const greedy: Strategy = function* (problem, { evaluations }) {
  const accuracyOf = new Map<string, number>()
  let left = evaluations
  const top = highestGenes(problem)
  const ask = function* (genes: Genes, phase: 'initial' | 'search' | 'refine') {
    const known = accuracyOf.get(genesKey(genes))
    if (known !== undefined) return known
    if (left <= 0) return null
    left--
    const accuracy = yield { genes, phase, expectedAccuracy: null }
    accuracyOf.set(genesKey(genes), accuracy)
    return accuracy
  }

  const base = yield* ask(top, 'initial')
  if (base === null) return
  const lossPerSaving = new Float64Array(problem.choices.length).fill(Infinity)
  for (let gene = 0; gene < problem.choices.length; gene++) {
    const lowered = step(problem, top, gene, 1)
    if (lowered === null) continue
    const saved = costOf(problem, top) - costOf(problem, lowered)
    const accuracy = yield* ask(lowered, 'initial')
    if (accuracy === null) break
    if (saved > 0) lossPerSaving[gene] = Math.max(1e-6, base - accuracy) / saved
  }

  let genes = top
  while (costOf(problem, genes) > problem.budget) {
    const order = [...lossPerSaving.keys()].sort((a, b) => lossPerSaving[a]! - lossPerSaving[b]! || a - b)
    const next = order
      .map((gene) => ({ gene, lowered: step(problem, genes, gene, 1) }))
      .find(({ gene, lowered }) => lowered !== null && Number.isFinite(lossPerSaving[gene]!))
    if (next === undefined) return
    genes = next.lowered!
    // Each further width costs more accuracy than the one before.
    lossPerSaving[next.gene] *= 4
  }
  let best = yield* ask(genes, 'search')
  while (best !== null && left > 0) {
    let improved = false
    for (let gene = 0; gene < genes.length && left > 0; gene++) {
      const raised = step(problem, genes, gene, -1)
      if (raised === null || costOf(problem, raised) > problem.budget) continue
      const accuracy: number | null = yield* ask(raised, 'refine')
      if (accuracy !== null && accuracy > best) {
        best = accuracy
        genes = raised
        improved = true
      }
    }
    if (!improved) return
  }
}

function step(problem: SearchProblem, genes: Genes, gene: number, by: 1 | -1): Genes | null {
  const value = genes[gene]! + by
  if (value < 0 || value >= problem.choices[gene]!.length) return null
  const moved = genes.slice()
  moved[gene] = value
  return moved
}

const costOf = (problem: SearchProblem, genes: Genes): number => problem.cost(schemeOf(problem, genes))
