import type { Scheme } from '@core/quant/scheme'
import type { Candidate } from '@core/search/candidate'
import { buildCostTable } from '@core/search/costs/costTable'
import type { Measure } from '@core/search/objective'
import { runSearch, type SearchHooks, type SearchSpec } from '@core/search/runSearch'
import { createSpace, tableCost, type SearchSpace } from '@core/search/space'

export const layers = ['conv1', 'conv2', 'fc1', 'fc2', 'fc3']
export const macs = [86_400, 153_600, 30_720, 10_080, 840]
export const bops = buildCostTable(layers.length, 'bops', 0, (layer, weightBits, activationBits) => {
  return macs[layer]! * weightBits * activationBits
})
export const int8Cost = 64 * macs.reduce((sum, value) => sum + value, 0)
export const space: SearchSpace = createSpace({ layers, macs, costs: [tableCost(bops)] })

/** A search of six batches; the strategy is the test's. */
export const sixBatches = {
  space,
  objective: 'kl',
  budgetRatios: [0.4],
  evaluations: 24,
  batch: 4,
  seed: 3
} as const

/** A synthetic network: every lost bit costs accuracy, most in the first and last layers. */
const sensitivity = [0.05, 0.008, 0.004, 0.006, 0.04]
export function syntheticMeasure(scheme: Scheme): Measure {
  const lost = scheme.reduce((sum, layer, index) => {
    const bits = Math.log2(8 / layer.weightBits) ** 2 + 0.7 * Math.log2(8 / layer.activationBits) ** 2
    return sum + sensitivity[index]! * bits
  }, 0)
  return { accuracy: 0.9 - lost, kl: 0.001 + lost, crossEntropy: 0.3 + lost, mse: 0.01 + lost }
}

export async function search(
  options: Partial<SearchSpec> = {},
  known: readonly Candidate[] = [],
  evaluate: SearchHooks['evaluate'] = async (scheme) => syntheticMeasure(scheme)
) {
  let evaluated = 0
  const plan: SearchSpec = {
    space,
    strategy: 'auto',
    objective: 'kl',
    budgetRatios: [0.5],
    evaluations: 32,
    batch: 4,
    seed: 1,
    ...options
  }
  const outcome = await runSearch(plan, {
    known,
    evaluate: (scheme) => {
      evaluated++
      return evaluate(scheme)
    }
  })
  return { ...outcome, evaluated }
}
