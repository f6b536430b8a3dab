import type { Scheme } from '../../core/quant/scheme'
import { checkScheme, uniformScheme } from '../../core/quant/scheme'
import { costOf } from '../../core/search/costTable'
import { fitForestModel } from '../../core/search/forestModel'
import { allChoices, type SearchProblem } from '../../core/search/problem'
import { costRange, runSearch, type Candidate } from '../../core/search/runSearch'
import type { EmitterOf, HandlersOf } from '../../shared/contract/define'
import type { SchemeJson } from '../../shared/contract/model'
import type { CandidateJson, Search, searchContract, SearchRequest } from '../../shared/contract/search'
import { AppError } from '../../shared/errors'
import type { JobContext, JobService } from '../jobs/jobService'
import type { SearchCosts, SearchModels } from './ports'
import type { SearchStore } from './searchStore'

/** Searches as resumable jobs with a live trace. */
export interface SearchService {
  handlers: HandlersOf<typeof searchContract>
}

export function createSearchService(deps: {
  store: SearchStore
  jobs: JobService
  emit: EmitterOf<typeof searchContract>
  models: SearchModels
  costs: SearchCosts
  nowMs: () => number
  newId: () => string
}): SearchService {
  const { store, jobs, emit, models, costs, nowMs, newId } = deps
  const running = new Map<string, Search>()

  /** A record that says it runs while no job of this process runs it was interrupted by a crash. */
  const truthful = (search: Search): Search =>
    search.state === 'running' && !running.has(search.id)
      ? { ...search, state: 'interrupted', jobId: null }
      : search

  const find = async (searchId: string): Promise<Search> => {
    const search = running.get(searchId) ?? (await store.get(searchId))
    if (search === null) {
      throw new AppError('input.notFound', `There is no search ${searchId}.`, 'Refresh the list of searches.')
    }
    return truthful(search)
  }

  const problemOf = async (
    request: SearchRequest
  ): Promise<{ problem: SearchProblem; unit: Search['costUnit'] }> => {
    const layers = await models.layers(request.modelId)
    const table = await costs(request.modelId, request.cost, request.proxyId)
    const names = layers.map((layer) => layer.name)
    const cost = (scheme: Scheme): number => costOf(table, scheme)
    const budget = request.budgetRatio * cost(uniformScheme(names, 8, 8))
    const macs = layers.map((layer) => layer.macs)
    return { problem: { layers: names, macs, choices: allChoices(names), cost, budget }, unit: table.unit }
  }

  const begin = async (
    search: Search,
    problem: SearchProblem
  ): Promise<{ searchId: string; jobId: string }> => {
    const title = `Search ${await models.name(search.request.modelId)} within ${Math.round(search.request.budgetRatio * 100)} % of int8`
    const { jobId, result } = jobs.start({
      kind: 'search.start',
      title,
      unit: 'schemes',
      total: search.request.evaluations,
      resume: () => resume(search.id),
      run: (context) => run(search, problem, context)
    })
    search.jobId = jobId
    running.set(search.id, search)
    await store.save(search)
    result.catch(() => undefined).finally(() => running.delete(search.id))
    return { searchId: search.id, jobId }
  }

  const run = async (
    search: Search,
    problem: SearchProblem,
    { signal, progress }: JobContext
  ): Promise<void> => {
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
    const int8 = uniformScheme(problem.layers, 8, 8)
    try {
      progress(search.trace.length, evaluations, 'float and int8 accuracy')
      await change({
        state: 'running',
        floatAccuracy: await accuracy(null, 'search'),
        int8Accuracy: await accuracy(int8, 'search')
      })
      const known = search.trace.map(toCandidate)
      search.trace = []
      const { best } = await runSearch(problem, {
        strategy,
        evaluations,
        seed,
        accuracyModel: fitForestModel,
        known,
        evaluate: (scheme) => accuracy(scheme, 'search'),
        onCandidate(candidate, isNew) {
          const json = toJson(candidate)
          search.trace.push(json)
          if (isBetter(json, search.best)) search.best = json
          progress(search.trace.length, evaluations, describe(search))
          emit('search.traced', { searchId: search.id, candidate: json })
          // Each evaluation is worth keeping: a crash loses none that was finished.
          if (isNew) void store.save({ ...search, trace: [...search.trace] }).catch(() => undefined)
        }
      })
      progress(search.trace.length, evaluations, 'testing the best scheme')
      const float = await models.accuracy(modelId, null, 'test', method, signal)
      await change({
        state: 'done',
        best: best === null ? null : toJson(best),
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
    const { problem, unit } = await problemOf(request)
    const range = costRange(problem)
    return await begin(
      {
        id: newId(),
        jobId: null,
        request,
        state: 'running',
        startedAtMs: nowMs(),
        costUnit: unit,
        baselineCost: range.baselineCost,
        minimumCost: range.minimumCost,
        budget: problem.budget,
        budgetFeasible: range.budgetFeasible,
        int8Accuracy: null,
        floatAccuracy: null,
        trace: [],
        best: null,
        test: null
      },
      problem
    )
  }

  const resume = async (searchId: string): Promise<{ searchId: string; jobId: string }> => {
    const search = await find(searchId)
    if (search.state === 'running' || search.state === 'done') {
      throw new AppError('job.notResumable', `This search is ${search.state}.`, 'Start a new one.')
    }
    const { problem } = await problemOf(search.request)
    // The proxy may have been refitted since: a trace under another budget would not be the same search.
    if (Math.abs(problem.budget - search.budget) > 1e-9 * search.budget) {
      throw new AppError(
        'job.notResumable',
        'The costs have changed since this search began (another proxy or model).',
        'Start a new search with the present proxy.'
      )
    }
    return await begin({ ...search, state: 'running', trace: [...search.trace] }, problem)
  }

  return {
    handlers: {
      'search.start': start,
      'search.resume': ({ searchId }) => resume(searchId),
      'search.list': async () => ({
        searches: (await store.list()).map((stored) => {
          const { trace: _trace, ...search } = truthful(running.get(stored.id) ?? stored)
          return search
        })
      }),
      'search.get': async ({ searchId }) => ({ search: await find(searchId) }),
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

const toJson = (candidate: Candidate): CandidateJson => ({
  ...candidate,
  scheme: [...candidate.scheme] as SchemeJson
})
const toCandidate = (json: CandidateJson): Candidate => json

function isBetter(candidate: CandidateJson, best: CandidateJson | null): boolean {
  if (!candidate.feasible) return false
  return (
    best === null ||
    candidate.accuracy > best.accuracy ||
    (candidate.accuracy === best.accuracy && candidate.cost < best.cost)
  )
}

function describe(search: Search): string {
  return search.best === null
    ? 'nothing within the budget yet'
    : `best ${(search.best.accuracy * 100).toFixed(1)} %`
}
