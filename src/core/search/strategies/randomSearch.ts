import { sampleNearBudget, uniformGenes } from '../nearBudgetSampler'
import { cheapestGenes, genesKey, highestGenes, schemeOf } from '../problem'
import type { Strategy } from '../strategy'

/**
 * Baseline: schemes drawn uniformly among those within the budget. Drawn by rejection; where the budget is so tight
 * that rejection finds nothing, from the near-budget sampler with the whole feasible range as its window.
 */
export const randomSearch: Strategy = function* (problem, { evaluations, random }) {
  const seen = new Set<string>()
  const first = highestGenes(problem)
  seen.add(genesKey(first))
  yield { genes: first, phase: 'initial', expectedAccuracy: null }

  const draws = 2_000
  for (let count = 1; count < evaluations; count++) {
    let genes = undefined
    for (let draw = 0; draw < draws && genes === undefined; draw++) {
      const candidate = uniformGenes(problem, random)
      if (!seen.has(genesKey(candidate)) && problem.cost(schemeOf(problem, candidate)) <= problem.budget) {
        genes = candidate
      }
    }
    if (genes === undefined) {
      const near = sampleNearBudget(problem, {
        wanted: 200,
        low: 0,
        high: problem.budget,
        generations: 50,
        parents: [cheapestGenes(problem)],
        random
      }).filter((candidate) => !seen.has(genesKey(candidate)))
      if (near.length === 0) return
      genes = near[random.integer(near.length)]!
    }
    seen.add(genesKey(genes))
    yield { genes, phase: 'search', expectedAccuracy: null }
  }
}
