import { checkScheme, uniformScheme } from '../../core/quant/scheme'
import { checkAllowed } from '../../core/search/allowedBits'
import { genesOfScheme, widthsHolding } from '../../core/search/space'
import type { CommandOutput } from '../../shared/contract'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { Search, searchContract, SearchRequest } from '../../shared/contract/search'
import { AppError } from '../../shared/errors'
import { budgetText } from '../../shared/text/costText'
import { countOf } from '../../shared/units'
import type { JobContext, JobService } from '../jobs/jobService'
import { createRunKeeper, type RunDescription, type RunKind } from '../runs/runKeeper'
import type { RunLabels } from '../runs/runLabels'
import { timeEvaluations } from './evaluationSpeed'
import { bestSoFar, earlyEnd, runSearchJob } from './searchJob'
import type { SearchCosts, SearchModels, WorkloadImpacts } from './searchNeeds'
import { newSearch, prepareSearch, requireSameCosts, type PreparedSearch } from './searchPlan'
import type { SearchStore } from './searchStore'

type Handlers = HandlersOf<typeof searchContract>

/** Searches as resumable jobs with a live trace. */
export interface SearchService {
  handlers: Handlers
  runs: RunKind
}

/** What the search service is made from. */
export interface SearchServiceDeps {
  store: SearchStore
  labels: RunLabels
  jobs: JobService
  emit: EmitterOf<typeof searchContract>
  models: SearchModels
  costs: SearchCosts
  impacts: WorkloadImpacts
  nowMs: () => number
  newId: () => string
}

/** Returns the service of searches: stored, resumable, one job each. */
export function createSearchService(deps: SearchServiceDeps): SearchService {
  const { store, labels, jobs, models, costs, impacts, nowMs, newId } = deps
  const runs = createRunKeeper<Search>({
    kind: 'search',
    noun: 'search',
    jobs,
    labels,
    table: store,
    describe: describeSearch,
    begin: (search) => again(search)
  })

  const begin = async (
    search: Search,
    prepared: PreparedSearch
  ): Promise<{ searchId: string; jobId: string }> => {
    const { jobId } = runs.launch(search, {
      kind: 'search.start',
      title: titleOf(search),
      unit: 'schemes',
      total: search.request.evaluations,
      run: (context) => runStored(search, prepared, context, deps)
    })
    search.jobId = jobId
    await store.save(search)
    return { searchId: search.id, jobId }
  }

  const start = async (request: SearchRequest): Promise<{ searchId: string; jobId: string }> => {
    const layers = await models.layers(request.modelId)
    // Not where a search is resumed: those of older versions may have pins beside general widths.
    checkAllowed(
      request.allowed,
      layers.map(({ name }) => name)
    )
    const prepared = await prepareSearch(request, models, costs, impacts)
    return await begin(newSearch(request, prepared, { id: newId(), startedAtMs: nowMs() }), prepared)
  }

  const again = async (search: Search): Promise<{ searchId: string; jobId: string }> => {
    const prepared = await prepareSearch(search.request, models, costs, impacts, search.sensitivity)
    requireSameCosts(search, prepared)
    return await begin({ ...search, state: 'running', error: null, trace: [...search.trace] }, prepared)
  }

  return {
    runs,
    handlers: {
      'search.start': start,
      'search.resume': async ({ searchId }) => ({ searchId, ...(await runs.resume(searchId)) }),
      'search.list': async () => ({
        searches: (await runs.list()).map(({ trace: _trace, ...search }) => search)
      }),
      'search.get': async ({ searchId }) => ({ search: await runs.find(searchId) }),
      'search.cost': (input) => priceOf(input, models, costs)
    }
  }
}

/** Runs a search to its end; every evaluation is stored before it is announced, so that a crash loses none. */
async function runStored(
  search: Search,
  prepared: PreparedSearch,
  context: JobContext,
  { models, nowMs, store, emit }: SearchServiceDeps
): Promise<void> {
  const timed = timeEvaluations(models, nowMs, search.speed)
  const changed = async (): Promise<void> => {
    await store.save(search)
    const { trace: _trace, ...withoutTrace } = search
    emit('search.changed', withoutTrace)
  }
  const traced = async (candidate: Search['trace'][number]): Promise<void> => {
    search.speed = timed.kept(search.trace.length)
    await store.save(search)
    // The times of the whole trace are read with the search; an event carries what is new.
    const { evaluationMs, wallMs, evaluations } = search.speed
    emit('search.traced', {
      ...{ searchId: search.id, candidate },
      speed: { evaluationMs, wallMs, evaluations }
    })
  }
  try {
    await runSearchJob(
      search,
      prepared,
      timed.models,
      {
        async changed() {
          search.speed = timed.speed()
          await changed()
        },
        traced: (_, candidate) => traced(candidate)
      },
      context
    )
  } catch (reason) {
    const { code, message, hint } = AppError.from(reason)
    search.state = context.signal.aborted ? 'cancelled' : 'failed'
    search.error = context.signal.aborted ? null : { code, message, hint }
    await changed()
    throw reason
  }
}

/** Cost of one scheme beside that of int8. @throws scheme.invalid */
async function priceOf(
  { modelId, cost, proxyId, scheme }: Parameters<Handlers['search.cost']>[0],
  models: SearchModels,
  costs: SearchCosts
): Promise<CommandOutput<'search.cost'>> {
  const names = (await models.layers(modelId)).map((layer) => layer.name)
  checkScheme(scheme, names)
  const widths = widthsHolding(scheme.flatMap((bits) => [bits.weightBits, bits.activationBits]))
  const { cost: priced } = await costs(modelId, cost, proxyId, widths)
  return {
    cost: priced.of(genesOfScheme(scheme, widths)),
    baselineCost: priced.int8 ?? priced.of(genesOfScheme(uniformScheme(names, 8, 8))),
    unit: priced.unit
  }
}

function describeSearch(search: Search): RunDescription {
  const { request, about, trace, error } = search
  const failure = error === null ? '' : `. ${error.message}`
  return {
    title: titleOf(search),
    detail: `${request.strategy}, ${trace.length} of ${countOf(request.evaluations, 'scheme')}${earlyEnd(search)}, ${bestSoFar(search)}${failure}`,
    finishedAtMs: null,
    model: about?.model ?? request.modelId,
    board: about?.board ?? null,
    dataSet: about?.dataSet ?? null
  }
}

function titleOf({ about, request }: Search): string {
  const within = request.budgetRatio === null ? '' : ` within ${budgetText(request.budgetRatio)}`
  return `Search ${about?.model ?? request.modelId}${within}`
}
