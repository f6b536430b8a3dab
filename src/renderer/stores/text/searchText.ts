import type { CandidateJson, PairedJson } from '@shared/contract/search'
import type { StrategyName } from '@shared/vocabulary'
import { budgetText, costKindTexts } from '@shared/text/costText'
import { formatDateTime } from '@shared/units'
import { formatBitPair } from '@shared/bitPair'
import type { SearchSummary } from '../search'

/** Strategies in the order they are offered, with what they do. */
export const strategyTexts: Record<StrategyName, string> = {
  auto: 'Default: probes, then a loss model',
  integer: 'Integer program on sensitivities',
  pairwise: 'Sensitivities of pairs (CLADO-like)',
  additiveGp: 'Additive Gaussian process',
  greedy: 'Greedy: least loss per cost saved',
  mico: 'MiCo, mended: forest and near-budget sampler',
  micoPublished: 'MiCo as published',
  gpEi: 'Bayesian: Gaussian process',
  tpe: 'Tree-structured Parzen estimator',
  nsga2: 'Genetic: NSGA-II',
  policy: 'Reinforcement (HAQ-like)',
  randomMaximal: 'Random among maximal schemes',
  random: 'Random: the baseline'
}

/** Names of objectives as pages show them. */
export const objectiveTexts = {
  kl: 'KL to the float network',
  crossEntropy: 'cross-entropy',
  mse: 'MSE of the scores',
  accuracy: 'errors (1 - accuracy)'
} as const

/** "w8a8 w4a8 …" */
export function schemeText(scheme: CandidateJson['scheme']): string {
  return scheme.map(({ weightBits, activationBits }) => formatBitPair(weightBits, activationBits)).join(' ')
}

/** "-0.40 ± 0.52 points against int8" */
export function pairedText(paired: PairedJson | null): string {
  if (paired === null) return 'no paired difference to int8'
  const points = (share: number): string => (100 * share).toFixed(2)
  return `${paired.difference > 0 ? '+' : ''}${points(paired.difference)} ± ${points(paired.margin)} points against int8`
}

/** Model, board, data set and date of a search, for lists. */
export function entryText(
  { startedAtMs, about, request, state }: SearchSummary,
  nameOf: (boardId: string) => string
): string {
  const what =
    about === null
      ? 'unknown model'
      : [about.model, about.board && nameOf(about.board), about.dataSet].filter(Boolean).join(', ')
  const budget = request.budgetRatio === null ? 'no limit on' : `${budgetText(request.budgetRatio)}’s`
  const how = state === 'done' ? '' : ` (${state})`
  return `${formatDateTime(startedAtMs)}: ${what}; ${budget} ${costKindTexts[request.cost]}${how}`
}
