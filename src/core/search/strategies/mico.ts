import { featureCount, schemeFeatures } from '../schemeFeatures'
import { sampleNearBudget } from '../nearBudgetSampler'
import { cheapestGenes, genesKey, highestGenes, lowestGenes, schemeOf, type Genes } from '../problem'
import type { Strategy } from '../strategy'

/**
 * MiCo's search (Jiang and Lyu, arXiv 2508.09500): an initial design, then at each step the candidate that a forest
 * expects most of among schemes sampled just below the budget.
 *
 * Mended here: the lower edge of the cost window never falls below the cheapest scheme (the original stops where
 * budget/max <= roi); every evaluated scheme within the budget can be the best, initial ones too; all randomness comes
 * from one seed; the search ends when the window holds nothing new.
 */
export const mico: Strategy = function* (problem, { evaluations, random, accuracyModel }) {
  const seen = new Map<string, number>()
  const schemes: Genes[] = []
  const accuracies: number[] = []
  const record = (genes: Genes, accuracy: number): void => {
    seen.set(genesKey(genes), accuracy)
    schemes.push(genes)
    accuracies.push(accuracy)
  }

  const initialCount = Math.min(evaluations, Math.max(4, Math.round(evaluations / 4)))
  for (const genes of initialDesign()) {
    if (seen.has(genesKey(genes))) continue
    record(genes, yield { genes, phase: 'initial', expectedAccuracy: null })
    if (schemes.length >= initialCount) break
  }

  const dearest = problem.cost(schemeOf(problem, highestGenes(problem)))
  const cheapest = problem.cost(schemeOf(problem, cheapestGenes(problem)))
  const dims = featureCount(problem)
  const steps = evaluations - schemes.length
  for (let step = 0; step < steps; step++) {
    const regionOfInterest = 0.1 + (0.2 * step) / Math.max(1, steps)
    const candidates = sampleNearBudget(problem, {
      wanted: 1000,
      low: Math.max(cheapest, problem.budget - regionOfInterest * dearest),
      high: problem.budget,
      generations: 100,
      parents: topQuarter(schemes, accuracies),
      random
    }).filter((genes) => !seen.has(genesKey(genes)))
    if (candidates.length === 0) return

    const model = accuracyModel(
      schemeFeatures(problem, schemes),
      dims,
      Float64Array.from(accuracies),
      random.integer(2 ** 31)
    )
    const { mean, deviation } = model.predict(schemeFeatures(problem, candidates))
    // Exploration fades as more has been seen.
    const curiosity = (0.5 * initialCount) / schemes.length
    let best = 0
    for (let i = 1; i < candidates.length; i++) {
      if (mean[i]! + curiosity * deviation[i]! > mean[best]! + curiosity * deviation[best]!) best = i
    }
    const genes = candidates[best]!
    record(genes, yield { genes, phase: 'search', expectedAccuracy: mean[best]! })
  }

  /** Design "orth": all-max, all-min, then all-max with a few shuffled layers lowered. */
  function* initialDesign(): Generator<Genes> {
    yield highestGenes(problem)
    yield lowestGenes(problem)
    const layers = problem.layers.length
    const lowered = Math.max(1, Math.floor(layers / Math.max(1, initialCount - 2)))
    // Twice round the layers is more than any initial count asks for; the caller stops.
    for (let round = 0; round < 64; round++) {
      const order = random.shuffle(Array.from({ length: layers }, (_, index) => index))
      for (let from = 0; from < layers; from += lowered) {
        const genes = highestGenes(problem)
        for (const layer of order.slice(from, from + lowered)) {
          for (const gene of [2 * layer, 2 * layer + 1]) {
            const widths = problem.choices[gene]!.length
            if (widths > 1) genes[gene] = 1 + random.integer(widths - 1)
          }
        }
        yield genes
      }
    }
  }
}

function topQuarter(schemes: readonly Genes[], accuracies: readonly number[]): Genes[] {
  const order = schemes.map((_, index) => index).sort((a, b) => accuracies[b]! - accuracies[a]! || a - b)
  return order.slice(0, Math.ceil(order.length / 4)).map((index) => schemes[index]!)
}
