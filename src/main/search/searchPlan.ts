import { sensitivityOfImpacts, sensitivityStrategies } from '../../core/search/loss/givenSensitivity'
import { createSpace, widthsFor, type SearchSpace } from '../../core/search/space'
import type { SearchLimits } from '../../core/search/costs/limits'
import { costsOf, searchLimits } from '../../core/search/costs/limits'
import type { CostKind, Search, SearchRequest, SearchSensitivity } from '../../shared/contract/search'
import { trainingMethods } from '../../shared/vocabulary'
import { AppError } from '../../shared/errors'
import type { SearchCosts, SearchModels, WorkloadImpacts } from './searchNeeds'

/** What a request comes to before anything is evaluated. */
export interface PreparedSearch {
  readonly space: SearchSpace
  readonly ratios: readonly (number | null)[]
  readonly limits: SearchLimits
  readonly about: NonNullable<Search['about']>
  readonly sensitivity: SearchSensitivity | undefined
}

/**
 * @param kept sensitivities of a search that is resumed
 * @throws AppError proxy.kernelMissing; input.notFound; search.invalid, also where retrained candidates are to be retrained again or
 * budgets hold for different boards
 */
export async function prepareSearch(
  request: SearchRequest,
  models: SearchModels,
  costs: SearchCosts,
  impacts: WorkloadImpacts,
  kept?: SearchSensitivity
): Promise<PreparedSearch> {
  const { modelId, proxyId } = request
  if (request.retrainTop > 0 && trainingMethods.includes(request.method)) {
    throw new AppError(
      'search.invalid',
      'Every candidate of this search is retrained already.',
      'Choose candidates by post-training quantization, or retrain none of the best.'
    )
  }
  const layers = await models.layers(modelId)
  const budgets = [{ cost: request.cost, ratio: request.budgetRatio }, ...request.alsoWithin]
  const widths = widthsFor(request.allowed)
  const priced = await Promise.all(budgets.map(({ cost }) => costs(modelId, cost, proxyId, widths)))
  const space = createSpace({
    layers: layers.map(({ name }) => name),
    macs: layers.map(({ macs }) => macs),
    costs: priced.map(({ cost }) => cost),
    allowed: request.allowed,
    widths
  })
  const ratios = budgets.map(({ ratio }) => ratio)
  const board = oneBoard(
    budgets.map(({ cost }) => cost),
    priced.map((price) => price.board)
  )
  return {
    space,
    ratios,
    limits: searchLimits(space, ratios),
    about: { model: await models.name(modelId), dataSet: await models.dataSet(modelId), board },
    sensitivity: kept ?? (await sensitivityFrom(request, space.layers, impacts))
  }
}

/** The board that the budgets hold for; null: none. @throws search.invalid where they hold for different boards */
function oneBoard(kinds: readonly CostKind[], boards: readonly (string | null)[]): string | null {
  const known = boards.filter((board) => board !== null)
  if (new Set(known).size <= 1) return known.at(0) ?? null
  const parts = kinds.flatMap((kind, at) => (boards[at] === null ? [] : [`${kind} of ${boards[at]}`]))
  throw new AppError(
    'search.invalid',
    `The budgets are of different boards: ${parts.join(', ')}.`,
    'Choose a proxy of the board that is meant: all budgets are then those of its board. Or pin proxies of one board alone.'
  )
}

/** @throws search.invalid for a strategy without sensitivities, or a run of another network */
async function sensitivityFrom(
  { modelId, workloadId, strategy }: SearchRequest,
  layers: readonly string[],
  impactsOf: WorkloadImpacts
): Promise<SearchSensitivity | undefined> {
  if (workloadId === undefined) return undefined
  if (!sensitivityStrategies.includes(strategy)) {
    throw new AppError(
      'search.invalid',
      `The strategy "${strategy}" uses no sensitivities.`,
      `Choose one of ${sensitivityStrategies.join(', ')}, or leave the workload run out.`
    )
  }
  const { model, contentId, impacts } = await impactsOf(workloadId)
  if (contentId !== null && contentId !== modelId) {
    throw new AppError(
      'search.invalid',
      `The workload run ${workloadId} measured another file (${model}, content ${contentId}) than the network that is searched (content ${modelId}).`,
      'Choose a run of the same ONNX file, or run the workload again on it: other weights have other sensitivities.'
    )
  }
  const { change, bits, losses } = sensitivityOfImpacts(layers, impacts, model)
  const matchedBy = contentId === null ? 'names' : 'content'
  return { workloadId, model, matchedBy, change, bits, losses: [...losses] }
}

/** The record of a search that has not begun. */
export function newSearch(
  request: SearchRequest,
  { space, limits, about, sensitivity }: PreparedSearch,
  identity: { readonly id: string; readonly startedAtMs: number }
): Search {
  const [first, ...others] = limits.limits
  return {
    ...identity,
    jobId: null,
    request,
    state: 'running',
    error: null,
    about,
    costUnit: space.costs[0].unit,
    baselineCost: first.baselineCost,
    minimumCost: first.minimumCost,
    budget: Number.isFinite(first.budget) ? first.budget : null,
    otherLimits: others.map((limit, at) => ({ ...limit, unit: space.costs[at + 1].unit })),
    budgetFeasible: limits.isFeasible,
    ...(limits.isFeasible ? {} : { nearestCosts: costsOf(space, limits.cheapest) }),
    metric: 'accuracy',
    int8Accuracy: null,
    floatAccuracy: null,
    ...(sensitivity === undefined ? {} : { sensitivity }),
    trace: [],
    best: null,
    test: null,
    retrained: null,
    speed: null
  }
}

/**
 * The proxy may have been fitted again since: a trace under other costs would not be the same search.
 * @throws AppError job.notResumable
 */
export function requireSameCosts(search: Search, { limits, about }: PreparedSearch): void {
  if (search.about !== null && search.about.dataSet !== about.dataSet) {
    throw new AppError(
      'job.notResumable',
      `This search began on "${search.about.dataSet}"; the model is judged on "${about.dataSet}" now.`,
      'Choose that data set for the model again, or start a new search.'
    )
  }
  const before = [search.baselineCost, ...search.otherLimits.map(({ baselineCost }) => baselineCost)]
  const isSame = limits.limits.every(
    ({ baselineCost }, at) => Math.abs(baselineCost - (before[at] ?? NaN)) <= 1e-9 * baselineCost
  )
  if (isSame) return
  throw new AppError(
    'job.notResumable',
    'The costs have changed since this search began (another proxy or model).',
    'Start a new search with the present proxy.'
  )
}
