import { schemeKey, uniformScheme } from '../../core/quant/scheme'
import { bestCandidate, type Candidate } from '../../core/search/candidate'
import { comparePaired } from '../../core/search/paired'
import { runSearch } from '../../core/search/runSearch'
import type { Scheme } from '../../core/quant/scheme'
import type { CandidateJson, Search } from '../../shared/contract/search'
import type { Split } from '../../shared/contract/model'
import { namedScoreText, scoreNameOf } from '../../shared/score'
import { countOf } from '../../shared/units'
import type { JobContext } from '../jobs/jobService'
import { createPause } from '../threads/pause'
import { leadersOf, retrainLeaders } from './retrainLeaders'
import type { SearchMeasure, SearchModels } from './searchNeeds'
import type { PreparedSearch } from './searchPlan'

/** What a running search reports. */
export interface SearchReports {
  /** The record has changed and is kept. */
  changed(search: Search): Promise<void>
  /** One more scheme was evaluated and is kept. */
  traced(search: Search, candidate: CandidateJson): Promise<void>
}

/**
 * Runs a search from where its record stands to its end: float and int8 first, then the batches, then the best scheme
 * beside int8 on test images no choice was made on. An infeasible budget ends it before anything is evaluated.
 */
export async function runSearchJob(
  search: Search,
  { space, ratios, sensitivity }: PreparedSearch,
  models: SearchModels,
  reports: SearchReports,
  { signal, progress }: JobContext
): Promise<void> {
  const { modelId, method, evaluations, strategy, objective, batch, seed, start } = search.request
  const measure = (scheme: Scheme | null, split: Split, by = method): Promise<SearchMeasure> => {
    signal.throwIfAborted()
    return models.measure(modelId, scheme, split, by, signal)
  }
  const change = async (changes: Partial<Search>): Promise<void> => {
    Object.assign(search, changes)
    await reports.changed(search)
  }
  if (!search.budgetFeasible) return await change({ state: 'done' })
  const int8 = uniformScheme(space.layers, 8, 8)
  progress(search.trace.length, evaluations, 'float and int8 accuracy')
  const [float, reference] = await Promise.all([measure(null, 'search'), measure(int8, 'search')])
  await change({
    state: 'running',
    metric: scoreNameOf(reference.metrics),
    floatAccuracy: float.accuracy,
    int8Accuracy: reference.accuracy
  })

  /** By scheme: the schemes of a batch are not started in the order of the trace. */
  const rightItems = new Map<string, Uint8Array>()
  const { best } = await runSearch(
    { space, strategy, objective, budgetRatios: ratios, evaluations, batch, seed, start, sensitivity },
    {
      known: search.trace.map(fromJson),
      signal,
      pause: createPause(),
      evaluate: async (scheme) => {
        const { accuracy, kl, crossEntropy, mse, right } = await measure(scheme, 'search')
        rightItems.set(schemeKey(scheme), right)
        return { accuracy, kl, crossEntropy, mse }
      },
      async onCandidate(found) {
        const key = schemeKey(found.scheme)
        const versusInt8 = comparePaired(rightItems.get(key)!, reference.right)
        rightItems.delete(key)
        const own = toJson(found, search.best, versusInt8)
        if (own.bestLoss === own.loss && isBetter(found, search.best)) search.best = own
        search.trace.push(own)
        progress(search.trace.length, evaluations, bestSoFar(search))
        await reports.traced(search, own)
      }
    }
  )
  signal.throwIfAborted()
  search.best = search.trace[best?.index ?? -1] ?? null
  const say = (note: string): void => progress(search.trace.length, evaluations, note)
  say('testing the best scheme')
  const split = await models.reportSplit(modelId)
  const test = await tested(best?.scheme ?? null, int8, split, measure)
  await retrainBest(search, { int8, split, test }, measure, { change, say })
  await change({ state: 'done', test })
}

/** Retrains as many of the best candidates as the request has, each beside int8; none: nothing is done. */
async function retrainBest(
  search: Search,
  { int8, split, test }: { int8: Scheme; split: Split; test: NonNullable<Search['test']> },
  measure: (scheme: Scheme, split: Split, by?: Search['request']['method']) => Promise<SearchMeasure>,
  { change, say }: { change: (changes: Partial<Search>) => Promise<void>; say: (note: string) => void }
): Promise<void> {
  const leaders = leadersOf(search.trace, search.request.retrainTop)
  if (leaders.length === 0) return
  await change({ test })
  const { right } = await measure(int8, split)
  await retrainLeaders(
    leaders,
    search.retrained,
    measure,
    { split, int8: right, fittedBy: search.request.method },
    async (retrained) => {
      say(`${countOf(retrained.entries.length, 'scheme')} of ${leaders.length} retrained`)
      await change({ retrained })
    }
  )
}

async function tested(
  best: Scheme | null,
  int8: Scheme,
  split: Split,
  measure: (scheme: Scheme | null, split: Split) => Promise<SearchMeasure>
): Promise<NonNullable<Search['test']>> {
  const [float, reference, found] = await Promise.all([
    measure(null, split),
    measure(int8, split),
    best === null ? null : measure(best, split)
  ])
  return {
    split,
    images: float.images,
    float: float.accuracy,
    int8: reference.accuracy,
    best: found?.accuracy ?? null,
    versusInt8: found === null ? null : comparePaired(found.right, reference.right)
  }
}

/** The core's candidate; measures that older versions did not keep count as unknown and never steer anything new. */
function fromJson({
  bestLoss: _loss,
  bestAccuracy: _accuracy,
  versusInt8: _versus,
  ...rest
}: CandidateJson): Candidate {
  const { kl, crossEntropy, mse } = rest
  return { ...rest, kl: kl ?? NaN, crossEntropy: crossEntropy ?? NaN, mse: mse ?? NaN }
}

function toJson(
  candidate: Candidate,
  before: CandidateJson | null,
  versusInt8: CandidateJson['versusInt8']
): CandidateJson {
  const best = bestCandidate<Pick<CandidateJson, 'feasible' | 'loss' | 'cost' | 'accuracy'>>([
    ...(before === null ? [] : [before]),
    candidate
  ])
  return {
    ...candidate,
    costs: [...candidate.costs],
    scheme: candidate.scheme.map((bits) => ({ ...bits })),
    bestLoss: best?.loss ?? null,
    bestAccuracy: best?.accuracy ?? null,
    versusInt8
  }
}

function isBetter(candidate: Candidate, best: CandidateJson | null): boolean {
  const pair: Pick<Candidate, 'feasible' | 'loss' | 'cost'>[] = [...(best === null ? [] : [best]), candidate]
  return bestCandidate(pair) === candidate
}

/** The best scheme so far, in words. */
export function bestSoFar({ best, metric }: Search): string {
  return best === null ? 'nothing within the budget yet' : `best ${namedScoreText(metric, best.accuracy)}`
}

/** Why a finished search evaluated fewer schemes than it was given; empty when it did not. */
export function earlyEnd({ state, trace, request, budgetFeasible }: Search): string {
  if (state !== 'done' || trace.length >= request.evaluations) return ''
  return budgetFeasible
    ? ' (ended early: the strategy had no other scheme to try)'
    : ' (ended early: no scheme is within the budget)'
}
