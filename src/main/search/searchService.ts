import type { Scheme } from '../../core/quant/scheme'
import { checkScheme, uniformScheme } from '../../core/quant/scheme'
import { costOf } from '../../core/search/costTable'
import { bestCandidate, type Candidate } from '../../core/search/candidate'
import { runSearch, searchLimits } from '../../core/search/runSearch'
import type { SearchSpace } from '../../core/search/space'
import type { EmitterOf, HandlersOf } from '../../shared/contract/define'
import type { CandidateJson, Search, searchContract, SearchRequest } from '../../shared/contract/search'
import { AppError } from '../../shared/errors'
import type { JobContext, JobService } from '../jobs/jobService'
import { createRunKeeper, type RunKind } from '../runs/runKeeper'
import type { RunLabels } from '../runs/runLabels'
import type { SearchCosts, SearchModels } from './searchNeeds'
import type { SearchStore } from './searchStore'

/** Searches as resumable jobs with a live trace. */
export interface SearchService {
  handlers: HandlersOf<typeof searchContract>
  runs: RunKind
}

export function createSearchService(deps: {
  store: SearchStore
  labels: RunLabels
  jobs: JobService
  emit: EmitterOf<typeof searchContract>
  models: SearchModels
  costs: SearchCosts
  nowMs: () => number
  newId: () => string
}): SearchService {
  const { store, labels, jobs, emit, models, costs, nowMs, newId } = deps
  const runs = createRunKeeper<Search>({
    kind: 'search',
    noun: 'search',
    jobs,
    labels,
    table: store,
    describe: (search) => ({
      title: `Search by ${search.request.strategy} within ${Math.round(search.request.budgetRatio * 100)} % of int8`,
      detail: `${search.trace.length} of ${search.request.evaluations} schemes, ${describe(search)}`,
      finishedAtMs: null
    }),
    begin: (search) => again(search)
  })

  const spaceOf = async (
    request: Pick<SearchRequest, 'modelId' | 'cost' | 'proxyId'>
  ): Promise<{ space: SearchSpace; unit: Search['costUnit'] }> => {
    const layers = await models.layers(request.modelId)
    const table = await costs(request.modelId, request.cost, request.proxyId)
    return {
      space: {
        layers: layers.map((layer) => layer.name),
        macs: layers.map((layer) => layer.macs),
        cost: (scheme) => costOf(table, scheme)
      },
      unit: table.unit
    }
  }

  const begin = async (search: Search, space: SearchSpace): Promise<{ searchId: string; jobId: string }> => {
    const title = `Search ${await models.name(search.request.modelId)} within ${Math.round(search.request.budgetRatio * 100)} % of int8`
    const { jobId } = runs.launch(search, {
      kind: 'search.start',
      title,
      unit: 'schemes',
      total: search.request.evaluations,
      run: (context) => run(search, space, context)
    })
    search.jobId = jobId
    await store.save(search)
    return { searchId: search.id, jobId }
  }

  const run = async (search: Search, space: SearchSpace, { signal, progress }: JobContext): Promise<void> => {
    const { modelId, method, evaluations, strategy, seed } = search.request
    const accuracy = async (scheme: Scheme | null, split: 'search' | 'test'): Promise<number> => {
      signal.throwIfAborted()
      return (await models.accuracy(modelId, scheme, split, method, signal)).accuracy
    }
    const change = async (changes: Partial<Search>): Promise<void> => {
      Object.assign(search, changes)
      const { trace: _trace, ...withoutTrace } = search
      emit('search.changed', withoutTrace)
      await store.save(search)
    }
    const int8 = uniformScheme(space.layers, 8, 8)
    try {
      progress(search.trace.length, evaluations, 'float and int8 accuracy')
      await change({
        state: 'running',
        floatAccuracy: await accuracy(null, 'search'),
        int8Accuracy: await accuracy(int8, 'search')
      })
      const plan = { space, strategy, budgetRatio: search.request.budgetRatio, evaluations, seed }
      const { best } = await runSearch(plan, {
        known: search.trace,
        evaluate: (scheme) => accuracy(scheme, 'search'),
        async onCandidate(found) {
          if (isBetter(found, search.best)) search.best = toJson(found, found.accuracy)
          const json = toJson(found, search.best?.accuracy ?? null)
          search.trace.push(json)
          progress(search.trace.length, evaluations, describe(search))
          emit('search.traced', { searchId: search.id, candidate: json })
          // Each evaluation is worth keeping: a crash loses none that was finished.
          await store.save(search)
        }
      })
      signal.throwIfAborted()
      progress(search.trace.length, evaluations, 'testing the best scheme')
      const float = await models.accuracy(modelId, null, 'test', method, signal)
      await change({
        state: 'done',
        test: {
          images: float.images,
          float: float.accuracy,
          int8: await accuracy(int8, 'test'),
          best: best === null ? null : await accuracy(best.scheme, 'test')
        }
      })
    } catch (reason) {
      await change({ state: signal.aborted ? 'cancelled' : 'failed' })
      throw reason
    }
  }

  const start = async (request: SearchRequest): Promise<{ searchId: string; jobId: string }> => {
    const { space, unit } = await spaceOf(request)
    const limits = searchLimits(space, request.budgetRatio)
    return await begin(
      {
        id: newId(),
        jobId: null,
        request,
        state: 'running',
        startedAtMs: nowMs(),
        costUnit: unit,
        baselineCost: limits.baselineCost,
        minimumCost: limits.minimumCost,
        budget: limits.budget,
        budgetFeasible: limits.isFeasible,
        int8Accuracy: null,
        floatAccuracy: null,
        trace: [],
        best: null,
        test: null
      },
      space
    )
  }

  const again = async (search: Search): Promise<{ searchId: string; jobId: string }> => {
    const { space } = await spaceOf(search.request)
    const { budget } = searchLimits(space, search.request.budgetRatio)
    // The proxy may have been refitted since: a trace under another budget would not be the same search.
    if (Math.abs(budget - search.budget) > 1e-9 * search.budget) {
      throw new AppError(
        'job.notResumable',
        'The costs have changed since this search began (another proxy or model).',
        'Start a new search with the present proxy.'
      )
    }
    return await begin({ ...search, state: 'running', trace: [...search.trace] }, space)
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
        const table = await costs(modelId, cost, proxyId)
        const names = (await models.layers(modelId)).map((layer) => layer.name)
        checkScheme(scheme, names)
        return {
          cost: costOf(table, scheme),
          baselineCost: costOf(table, uniformScheme(names, 8, 8)),
          unit: table.unit
        }
      }
    }
  }
}

function toJson(candidate: Candidate, bestAccuracy: number | null): CandidateJson {
  return { ...candidate, scheme: candidate.scheme.map((bits) => ({ ...bits })), bestAccuracy }
}

function isBetter(candidate: Candidate, best: CandidateJson | null): boolean {
  return bestCandidate([...(best === null ? [] : [best]), candidate]) === candidate
}

function describe(search: Search): string {
  return search.best === null
    ? 'nothing within the budget yet'
    : `best ${(search.best.accuracy * 100).toFixed(1)} %`
}
