import { checkScheme, uniformScheme } from '../../core/quant/scheme'
import { genesOfScheme, widthsHolding } from '../../core/search/space'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { Search, searchContract, SearchRequest } from '../../shared/contract/search'
import { AppError } from '../../shared/errors'
import { countOf, formatPercent } from '../../shared/units'
import type { JobContext, JobService } from '../jobs/jobService'
import { createRunKeeper, type RunKind } from '../runs/runKeeper'
import type { RunLabels } from '../runs/runLabels'
import { timeEvaluations } from './evaluationSpeed'
import { bestSoFar, earlyEnd, runSearchJob } from './searchJob'
import type { SearchCosts, SearchModels, WorkloadImpacts } from './searchNeeds'
import { newSearch, prepareSearch, requireSameCosts, type PreparedSearch } from './searchPlan'
import type { SearchStore } from './searchStore'

/** Searches as resumable jobs with a live trace. */
export interface SearchService {
  handlers: HandlersOf<typeof searchContract>
  runs: RunKind
}

/** Returns the service of searches: stored, resumable, one job each. */
export function createSearchService(deps: {
  store: SearchStore
  labels: RunLabels
  jobs: JobService
  emit: EmitterOf<typeof searchContract>
  models: SearchModels
  costs: SearchCosts
  impacts: WorkloadImpacts
  nowMs: () => number
  newId: () => string
}): SearchService {
  const { store, labels, jobs, emit, models, costs, impacts, nowMs, newId } = deps
  const runs = createRunKeeper<Search>({
    kind: 'search',
    noun: 'search',
    jobs,
    labels,
    table: store,
    describe: (search) => ({
      title: titleOf(search),
      detail: `${search.request.strategy}, ${search.trace.length} of ${countOf(search.request.evaluations, 'scheme')}${earlyEnd(search)}, ${bestSoFar(search)}${search.error === null ? '' : `. ${search.error.message}`}`,
      finishedAtMs: null,
      model: search.about?.model ?? search.request.modelId,
      board: search.about?.board ?? null,
      dataSet: search.about?.dataSet ?? null
    }),
    begin: (search) => again(search)
  })

  const changed = async (search: Search): Promise<void> => {
    // Stored before it is announced: what a client heard of survives a crash.
    await store.save(search)
    const { trace: _trace, ...withoutTrace } = search
    emit('search.changed', withoutTrace)
  }

  const run = async (search: Search, prepared: PreparedSearch, context: JobContext): Promise<void> => {
    const timed = timeEvaluations(models, nowMs, search.speed)
    try {
      await runSearchJob(
        search,
        prepared,
        timed.models,
        {
          async changed() {
            search.speed = timed.speed()
            await changed(search)
          },
          async traced(_, candidate) {
            // Each evaluation is worth keeping: a crash loses none that was reported.
            search.speed = timed.kept(search.trace.length)
            await store.save(search)
            // The times of the whole trace are read with the search; an event carries what is new.
            const { evaluationMs, wallMs, evaluations } = search.speed
            emit('search.traced', {
              ...{ searchId: search.id, candidate },
              speed: { evaluationMs, wallMs, evaluations }
            })
          }
        },
        context
      )
    } catch (reason) {
      const { code, message, hint } = AppError.from(reason)
      search.state = context.signal.aborted ? 'cancelled' : 'failed'
      search.error = context.signal.aborted ? null : { code, message, hint }
      await changed(search)
      throw reason
    }
  }

  const begin = async (
    search: Search,
    prepared: PreparedSearch
  ): Promise<{ searchId: string; jobId: string }> => {
    const { jobId } = runs.launch(search, {
      kind: 'search.start',
      title: titleOf(search),
      unit: 'schemes',
      total: search.request.evaluations,
      run: (context) => run(search, prepared, context)
    })
    search.jobId = jobId
    await store.save(search)
    return { searchId: search.id, jobId }
  }

  const start = async (request: SearchRequest): Promise<{ searchId: string; jobId: string }> => {
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
      'search.cost': async ({ modelId, cost, proxyId, scheme }) => {
        const names = (await models.layers(modelId)).map((layer) => layer.name)
        checkScheme(scheme, names)
        const widths = widthsHolding(scheme.flatMap((bits) => [bits.weightBits, bits.activationBits]))
        const { cost: priced } = await costs(modelId, cost, proxyId, widths)
        return {
          cost: priced.of(genesOfScheme(scheme, widths)),
          baselineCost: priced.of(genesOfScheme(uniformScheme(names, 8, 8))),
          unit: priced.unit
        }
      }
    }
  }
}

function titleOf({ about, request }: Search): string {
  const within =
    request.budgetRatio === null ? '' : ` within ${formatPercent(request.budgetRatio, 0)} of int8`
  return `Search ${about?.model ?? request.modelId}${within}`
}
