import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildCostTable } from '@core/search/costs/costTable'
import { schemeKey, type Scheme } from '@core/quant/scheme'
import { tableCost } from '@core/search/space'
import type { CandidateJson, SearchRequest } from '@shared/contract/search'
import type { Split } from '@shared/contract/model'
import { createJobService, type JobService } from '@main/jobs/jobService'
import type { SearchMeasure } from '@main/search/searchNeeds'
import { createSearchService, type SearchService } from '@main/search/searchService'
import { bestSoFar } from '@main/search/searchJob'
import { createSearchStore, searchMigrations } from '@main/search/searchStore'
import { createRunLabels, runMigrations } from '@main/runs/runLabels'
import { openStore, type Store } from '@main/store/store'
import type { ImpactRow } from '@shared/contract/workload/workloadRows'
import { AppError } from '@shared/errors'

const layers = ['a', 'b', 'c'].map((name) => ({ name, macs: 1000, parameters: 100 }))
const context = { signal: new AbortController().signal }
const request = {
  modelId: 'm',
  strategy: 'auto',
  objective: 'kl',
  cost: 'bops',
  proxyId: null,
  budgetRatio: 0.5,
  alsoWithin: [],
  allowed: [],
  evaluations: 12,
  batch: 4,
  method: 'ptq',
  seed: 1,
  retrainTop: 0
} satisfies SearchRequest

const requestOf = (strategy: SearchRequest['strategy']): SearchRequest => ({ ...request, strategy })

/** This layer alone at 4 bits: b is the one that loses most. */
const impactsOf = (
  [
    ['a', 0.01],
    ['b', 0.5],
    ['c', 0.001]
  ] as const
).map(([layer, value]) => ({ layer, change: 'int4', klNats: { value } })) as unknown as ImpactRow[]
let isOtherNetwork = false
let contentId: string | null = null
let store: Store
let jobs: JobService
let evaluated: number
/** Whether the network's score is an AUC, without right and wrong items. */
let isAnomaly: boolean
let costScale: number
let onEvaluate: (count: number) => void | Promise<void>
let onRetrain: (scheme: Scheme, split: Split) => SearchMeasure

function createService(): SearchService {
  let ids = 0
  return createSearchService({
    store: createSearchStore(store),
    jobs,
    labels: createRunLabels(store),
    emit: () => undefined,
    models: {
      name: async () => 'test network',
      layers: async () => layers,
      dataSet: async () => 'test images',
      reportSplit: async () => 'fullTest',
      measure: async (_modelId, scheme, split, method) => {
        if (method === 'distill') return onRetrain(scheme!, split)
        if (split === 'search' && scheme !== null) await onEvaluate(++evaluated)
        const lost = scheme === null ? 0 : lostBits(scheme)
        // Of 100 items 90 are right, and two fewer for every lost bit of the first layer.
        const wrong = 10 + (scheme === null ? 0 : 8 - scheme[0]!.weightBits)
        const right = Uint8Array.from({ length: 100 }, (_, item) => (item < wrong ? 0 : 1))
        return {
          accuracy: (100 - wrong) / 100,
          kl: 0.001 * (1 + lost),
          crossEntropy: 0.3,
          mse: 0.1,
          images: 100,
          metrics: { [isAnomaly ? 'auc' : 'accuracy']: (100 - wrong) / 100 },
          right: isAnomaly ? new Uint8Array(0) : right,
          computedMs: 40
        }
      }
    },
    costs: async (_modelId, _kind, _proxyId, widths) => ({
      cost: tableCost(
        buildCostTable(
          3,
          'cycles',
          10,
          (_layer, weightBits, activationBits) => costScale * weightBits * activationBits,
          widths
        )
      ),
      board: 'virtual:small'
    }),
    impacts: async (workloadId) => {
      if (workloadId !== 'w1') throw new AppError('input.notFound', 'There is no such run.', 'List them.')
      return { model: 'net', contentId, impacts: isOtherNetwork ? [] : impactsOf }
    },
    nowMs: () => 1_000,
    newId: () => `search-${++ids}`
  })
}

const lostBits = (scheme: Scheme): number =>
  scheme.reduce((sum, bits) => sum + 16 - bits.weightBits - bits.activationBits, 0)

beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [searchMigrations, runMigrations] })
  let ids = 0
  jobs = createJobService({ emit: () => undefined, nowMs: () => 0, newId: () => `job-${++ids}` })
  evaluated = 0
  isAnomaly = false
  isOtherNetwork = false
  costScale = 1
  onEvaluate = () => undefined
})
afterEach(async () => {
  await jobs.stop()
  await store.close()
})

describe('search service', () => {
  it('finds the best scheme within the budget and tests it on images no choice was made on', async () => {
    const service = createService()
    const { searchId } = await service.handlers['search.start'](request, context)
    await jobs.idle()
    const { search } = await service.handlers['search.get']({ searchId }, context)
    expect(search.state).toBe('done')
    expect(search.baselineCost).toBe(3 * 64 + 10)
    expect(search.budget).toBe(0.5 * search.baselineCost)
    expect(search.trace).toHaveLength(12)
    expect(search.best!.cost).toBeLessThanOrEqual(search.budget!)
    const feasible = search.trace.filter((candidate) => candidate.feasible)
    expect(search.best!.loss).toBe(Math.min(...feasible.map((candidate) => candidate.loss)))
    expect(search.best!.loss).toBe(search.best!.kl)
    expect(search.about).toEqual({ model: 'test network', dataSet: 'test images', board: 'virtual:small' })
    expect(search.test).toMatchObject({
      split: 'fullTest',
      images: 100,
      float: 0.9,
      best: search.best!.accuracy
    })
    const lost = 8 - search.best!.scheme[0]!.weightBits
    expect(search.test!.versusInt8).toMatchObject({ images: 100, lost, gained: 0, difference: -lost / 100 })
    for (const { scheme, versusInt8 } of search.trace) {
      expect(versusInt8).toMatchObject({ lost: 8 - scheme[0]!.weightBits, gained: 0 })
    }
  })

  it('pairs every scheme with its own items, whatever order a batch is started in and finished', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      evaluated = 0
      // The first that is started is the last that is done.
      onEvaluate = async (count) => {
        for (let tick = 0; tick < 40 - 8 * (count % 4); tick++) await Promise.resolve()
      }
      const service = createService()
      const { searchId } = await service.handlers['search.start']({ ...requestOf('random'), seed }, context)
      await jobs.idle()
      const { search } = await service.handlers['search.get']({ searchId }, context)
      expect(search).toMatchObject({ state: 'done', error: null })
      expect(search.trace).toHaveLength(12)
      for (const { scheme, versusInt8 } of search.trace)
        expect(versusInt8).toMatchObject({ lost: 8 - scheme[0]!.weightBits, gained: 0 })
    }
  })

  it('leaves out paired differences that an earlier version kept with other schemes, and keeps the rest', async () => {
    const service = createService()
    const { searchId } = await service.handlers['search.start'](request, context)
    await jobs.idle()
    const { search } = await service.handlers['search.get']({ searchId }, context)
    const at = search.trace.findIndex(({ accuracy }) => accuracy !== search.trace[0]!.accuracy)
    const pairs = search.trace.map(({ versusInt8 }) => versusInt8)
    ;[pairs[0], pairs[at]] = [pairs[at]!, pairs[0]!]
    const trace = search.trace.map((one, index) => ({ ...one, versusInt8: pairs[index]! }))
    await createSearchStore(store).save({ ...search, trace })
    const { search: read } = await service.handlers['search.get']({ searchId }, context)
    expect(read.trace).toEqual(search.trace.map((one) => ({ ...one, versusInt8: null })))
    expect(read.best).toEqual({ ...search.best, versusInt8: null })
    expect(read.test).toEqual(search.test)
    expect(read.test!.versusInt8).not.toBeNull()
  })

  it('names the score of a network without right and wrong, and pairs nothing', async () => {
    isAnomaly = true
    const service = createService()
    const { searchId } = await service.handlers['search.start'](request, context)
    await jobs.idle()
    const { search } = await service.handlers['search.get']({ searchId }, context)
    expect(search).toMatchObject({ metric: 'AUC', state: 'done', floatAccuracy: 0.9, int8Accuracy: 0.9 })
    expect(search.test!.versusInt8).toBeNull()
    expect(search.trace.map(({ versusInt8 }) => versusInt8)).toEqual(search.trace.map(() => null))
    expect(bestSoFar(search)).toBe(`best AUC ${search.best!.accuracy.toFixed(4)}`)
  })

  describe('retraining the best candidates', () => {
    const measured = (kl: number): SearchMeasure => ({
      ...{ accuracy: 0.88, kl, crossEntropy: 0.3, mse: 0.1, images: 100, metrics: { accuracy: 0.88 } },
      right: Uint8Array.from({ length: 100 }, (_, item) => (item < 12 ? 0 : 1)),
      computedMs: 40
    })
    const top = (count: number): SearchRequest => ({ ...request, retrainTop: count })
    const finished = async (service: SearchService, searchId: string) => {
      await jobs.idle()
      return (await service.handlers['search.get']({ searchId }, context)).search
    }
    const leadersIn = (trace: readonly CandidateJson[], count: number) =>
      trace
        .filter(({ feasible }) => feasible)
        .map(({ index, loss }) => ({ index, loss }))
        .sort((a, b) => a.loss - b.loss || a.index - b.index)
        .slice(0, count)
        .map(({ index }) => index)

    it('keeps the retrained network of least KL and tests it', async () => {
      const seen: string[] = []
      onRetrain = (scheme, split) => {
        seen.push(`${split} ${schemeKey(scheme)}`)
        return measured(seen.length === 2 ? 0.0001 : 0.5)
      }
      const service = createService()
      const { searchId } = await service.handlers['search.start'](top(3), context)
      const search = await finished(service, searchId)
      const leaders = leadersIn(search.trace, 3)
      expect(search.state).toBe('done')
      expect(search.retrained!.entries.map(({ index }) => index)).toEqual(leaders)
      expect(search.retrained!.kept).toEqual({ index: leaders[1], isRetrained: true, kl: 0.0001 })
      expect(search.retrained!.test).toMatchObject({ accuracy: 0.88, versusInt8: { images: 100, lost: 2 } })
      const key = schemeKey(search.trace[leaders[1]!]!.scheme)
      expect(seen[3]).toBe(`fullTest ${key}`)
      expect(seen).toHaveLength(4)
    })

    it('keeps the fitted network where retraining only makes it worse', async () => {
      onRetrain = () => measured(0.9)
      const service = createService()
      const { searchId } = await service.handlers['search.start'](top(2), context)
      const search = await finished(service, searchId)
      expect(search.retrained!.entries).toHaveLength(2)
      expect(search.retrained!.kept).toEqual({
        index: search.best!.index,
        isRetrained: false,
        kl: search.best!.kl
      })
      expect(search.retrained!.test!.accuracy).toBe(search.test!.best)
    })

    it('goes on after a cancel in the middle without training one twice', async () => {
      let count = 0
      let jobId = ''
      const service = createService()
      onRetrain = () => {
        if (++count === 2) jobs.cancel(jobId)
        return measured(0.001 * count)
      }
      const started = await service.handlers['search.start'](top(3), context)
      const { searchId } = started
      jobId = started.jobId
      const before = await finished(service, searchId)
      expect(before.state).toBe('cancelled')
      const done = before.retrained!.entries.length
      expect(done).toBeGreaterThan(0)
      expect(done).toBeLessThan(3)
      const trained = count
      await service.handlers['search.resume']({ searchId }, context)
      const after = await finished(service, searchId)
      expect(after.state).toBe('done')
      expect(after.retrained!.entries.map(({ index }) => index)).toEqual(leadersIn(after.trace, 3))
      // The rest and one test of the kept one.
      expect(count - trained).toBe(3 - done + (after.retrained!.kept!.isRetrained ? 1 : 0))
    })

    it('is refused where every candidate is retrained anyway', async () => {
      const start = createService().handlers['search.start']({ ...top(1), method: 'retrain' }, context)
      await expect(start).rejects.toMatchObject({ code: 'search.invalid' })
    })
  })

  it('uses the widths between those of kernels where they are allowed', async () => {
    const service = createService()
    const widths = [8, 7, 6, 5, 4, 3, 2, 1] as const
    const allowed = layers.map(({ name }) => ({
      layer: name,
      weightBits: [...widths],
      activationBits: [...widths]
    }))
    const { searchId } = await service.handlers['search.start']({ ...request, allowed }, context)
    await jobs.idle()
    const { search } = await service.handlers['search.get']({ searchId }, context)
    expect(search.state).toBe('done')
    const used = search.trace.flatMap(({ scheme }) =>
      scheme.flatMap((bits) => [bits.weightBits, bits.activationBits])
    )
    expect(used.some((bits) => [3, 5, 6, 7].includes(bits))).toBe(true)
    for (const { scheme, cost } of search.trace) {
      const expected = scheme.reduce((sum, bits) => sum + bits.weightBits * bits.activationBits, 10)
      expect(cost).toBe(expected)
    }
    const price = { modelId: 'm', cost: 'bitfusion' as const, proxyId: null, scheme: search.best!.scheme }
    expect(await service.handlers['search.cost'](price, context)).toMatchObject({ cost: search.best!.cost })
  })

  it('goes on after a cancel without evaluating a candidate twice, to the same end', async () => {
    const service = createService()
    const whole = await service.handlers['search.start'](request, context)
    await jobs.idle()
    const { search: expected } = await service.handlers['search.get']({ searchId: whole.searchId }, context)

    onEvaluate = (count) => {
      if (count === evaluatedAtStart + 6) jobs.cancel(second.jobId)
    }
    const evaluatedAtStart = evaluated
    const second = await service.handlers['search.start'](request, context)
    await jobs.idle()
    const { search: cut } = await service.handlers['search.get']({ searchId: second.searchId }, context)
    expect(cut.state).toBe('cancelled')
    expect(cut.trace.length).toBeLessThan(12)

    onEvaluate = () => undefined
    // Another process: it knows the search from the data file alone.
    await createService().handlers['search.resume']({ searchId: second.searchId }, context)
    await jobs.idle()
    const { search: resumed } = await createService().handlers['search.get'](
      { searchId: second.searchId },
      context
    )
    expect(resumed.state).toBe('done')
    expect(resumed.trace).toEqual(expected.trace)
  })

  it('calls a search interrupted whose process is gone', async () => {
    const service = createService()
    const { searchId } = await service.handlers['search.start'](request, context)
    await jobs.idle()
    const { search } = await service.handlers['search.get']({ searchId }, context)
    await createSearchStore(store).save({ ...search, state: 'running' })
    const { searches } = await createService().handlers['search.list']({}, context)
    expect(searches[0]).toMatchObject({ state: 'interrupted', jobId: null })
  })

  it('keeps why it failed until it goes on', async () => {
    const service = createService()
    onEvaluate = (count) => {
      if (count === 4) throw new AppError('model.invalid', 'The network is gone.', 'Open it again.')
    }
    const { searchId } = await service.handlers['search.start'](request, context)
    await jobs.idle()
    const { search } = await createService().handlers['search.get']({ searchId }, context)
    expect(search.state).toBe('failed')
    expect(search.error).toEqual({
      code: 'model.invalid',
      message: 'The network is gone.',
      hint: 'Open it again.'
    })
    const [run] = await service.runs.facts()
    expect(run!.detail).toContain('The network is gone.')
    onEvaluate = () => undefined
    await service.handlers['search.resume']({ searchId }, context)
    await jobs.idle()
    const after = (await service.handlers['search.get']({ searchId }, context)).search
    expect(after).toMatchObject({ state: 'done', error: null })
    expect(after.trace).toHaveLength(12)
  })

  it('does not mix a trace with other costs', async () => {
    const service = createService()
    const { searchId } = await service.handlers['search.start'](request, context)
    await jobs.idle()
    const { search } = await service.handlers['search.get']({ searchId }, context)
    await createSearchStore(store).save({ ...search, state: 'cancelled' })
    costScale = 2
    await expect(createService().handlers['search.resume']({ searchId }, context)).rejects.toMatchObject({
      code: 'job.notResumable'
    })
  })

  it('reports an infeasible budget as a result', async () => {
    const service = createService()
    const { searchId } = await service.handlers['search.start']({ ...request, budgetRatio: 0.01 }, context)
    await jobs.idle()
    const { search } = await service.handlers['search.get']({ searchId }, context)
    expect(search).toMatchObject({ state: 'done', budgetFeasible: false, best: null, trace: [], test: null })
    expect(search.minimumCost).toBe(8 + 1 + 1 + 10)
    // The cheapest scheme is the one that exceeds the budget least.
    expect(search.nearestCosts).toEqual([20])
    expect(evaluated).toBe(0)
  })

  it('reads searches of versions that chose by accuracy one at a time', async () => {
    const {
      batch: _batch,
      objective: _objective,
      alsoWithin: _also,
      allowed: _allowed,
      ...request
    } = requestOf('mico')
    const scheme = layers.map(({ name }) => ({ layer: name, weightBits: 4, activationBits: 8 }))
    const candidate = {
      index: 3,
      scheme,
      cost: 50,
      accuracy: 0.75,
      feasible: true,
      phase: 'search',
      expectedAccuracy: 0.5,
      bestAccuracy: 0.875
    }
    const record = {
      id: 'old',
      jobId: null,
      request,
      state: 'done',
      startedAtMs: 5,
      costUnit: 'cycles',
      baselineCost: 100,
      minimumCost: 10,
      budget: 60,
      budgetFeasible: true,
      int8Accuracy: 0.9,
      floatAccuracy: 0.9,
      trace: [candidate],
      best: candidate,
      test: { images: 100, best: 0.7, int8: 0.9, float: 0.9 }
    }
    await store.run('INSERT INTO search VALUES ($1, $2, $3)', ['old', 5, JSON.stringify(record)])
    const { search } = await createService().handlers['search.get']({ searchId: 'old' }, context)
    expect(search.request).toMatchObject({ objective: 'accuracy', batch: 1, strategy: 'mico' })
    expect(search.trace[0]).toMatchObject({
      batch: 3,
      loss: 0.25,
      expectedLoss: 0.5,
      bestLoss: 0.125,
      kl: null
    })
    expect(search.test).toMatchObject({ split: 'test', versusInt8: null })
  })

  it('refuses pins that contradict each other or the input before anything is evaluated', async () => {
    const service = createService()
    const refused = (allowed: SearchRequest['allowed'], message: RegExp) =>
      expect(service.handlers['search.start']({ ...request, allowed }, context)).rejects.toMatchObject({
        code: 'search.invalid',
        message: expect.stringMatching(message) as string
      })
    const pin = (weightBits: 8 | 2) => ({ layer: 'b', weightBits: [weightBits] })
    await refused([pin(8), pin(2)], /weights of layer "b" are given twice/)
    await refused([{ layer: 'a', activationBits: [4] }], /"a" are the input, which has 8 bits/)
    expect(evaluated).toBe(0)
  })

  it('prices any scheme and refuses one that does not fit the network', async () => {
    const service = createService()
    const scheme = layers.map(({ name }) => ({
      layer: name,
      weightBits: 4 as const,
      activationBits: 8 as const
    }))
    const ask = { modelId: 'm', cost: 'bops', proxyId: null } as const
    expect(await service.handlers['search.cost']({ ...ask, scheme }, context)).toEqual({
      cost: 3 * 32 + 10,
      baselineCost: 3 * 64 + 10,
      unit: 'cycles'
    })
    await expect(
      service.handlers['search.cost']({ ...ask, scheme: scheme.slice(1) }, context)
    ).rejects.toMatchObject({ code: 'scheme.invalid' })
    await expect(service.handlers['search.get']({ searchId: 'none' }, context)).rejects.toMatchObject({
      code: 'input.notFound'
    })
  })
})

describe('a search by the impact of layers of a workload run', () => {
  const byImpact = async (more: Partial<SearchRequest> = {}) => {
    const service = createService()
    const { searchId, jobId } = await service.handlers['search.start'](
      { ...request, strategy: 'integer', workloadId: 'w1', ...more },
      context
    )
    await jobs.follow(jobId)
    return { service, ...(await service.handlers['search.get']({ searchId }, context)) }
  }

  it('makes no probe, and keeps bits where the run says that losing them costs most', async () => {
    const { search } = await byImpact({ evaluations: 4, budgetRatio: 0.4 })
    expect(search.sensitivity).toEqual({
      ...{ workloadId: 'w1', model: 'net', matchedBy: 'names', change: 'int4', bits: 4 },
      losses: [0.01, 0.5, 0.001]
    })
    expect(search.trace.map(({ phase }) => phase)).toEqual(['initial', 'search', 'search', 'search'])
    const [a, b, c] = search.trace[1]!.scheme
    expect(b!.weightBits).toBe(8)
    expect(b!.weightBits).toBeGreaterThan(a!.weightBits)
    expect(a!.weightBits).toBeGreaterThanOrEqual(c!.weightBits)
    // The network of this test loses by the bit, whatever the layer: its own probes lead to another scheme.
    const own = await byImpact({ evaluations: 10, budgetRatio: 0.4, workloadId: undefined })
    const first = own.search.trace.find(({ phase }) => phase === 'search')!
    expect(schemeKey(first.scheme)).not.toBe(schemeKey(search.trace[1]!.scheme))
    expect(own.search.trace[2]!.phase).toBe('initial')
  })

  it('goes by a run of the same file, and refuses one of another, naming both', async () => {
    contentId = request.modelId
    expect((await byImpact({ evaluations: 4 })).search.sensitivity?.matchedBy).toBe('content')
    contentId = 'feedfeedfeedfeed'
    const refused = byImpact({ evaluations: 4 })
    await expect(refused).rejects.toMatchObject({ code: 'search.invalid' })
    await expect(refused).rejects.toThrow(/w1 measured another file \(net, content feedfeedfeedfeed\)/)
    contentId = null
  })

  it('goes on after a resume with what it began with', async () => {
    const { service, search } = await byImpact({ evaluations: 4 })
    isOtherNetwork = true
    const again = { ...search, state: 'cancelled' as const, trace: search.trace.slice(0, 2) }
    await createSearchStore(store).save(again)
    const { jobId } = await service.handlers['search.resume']({ searchId: search.id }, context)
    await jobs.follow(jobId)
    const resumed = await service.handlers['search.get']({ searchId: search.id }, context)
    expect(resumed.search.trace.map(({ scheme }) => schemeKey(scheme))).toEqual(
      search.trace.map(({ scheme }) => schemeKey(scheme))
    )
  })

  it('refuses an unknown run, one of another network, and a strategy without sensitivities', async () => {
    await expect(byImpact({ workloadId: 'w2' })).rejects.toMatchObject({ code: 'input.notFound' })
    await expect(byImpact({ strategy: 'random' })).rejects.toMatchObject({
      code: 'search.invalid',
      message: expect.stringMatching(/uses no sensitivities/) as string
    })
    isOtherNetwork = true
    await expect(byImpact()).rejects.toMatchObject({
      code: 'search.invalid',
      message: expect.stringMatching(/knows the impact of 0 of the 3 layers/) as string
    })
  })
})
