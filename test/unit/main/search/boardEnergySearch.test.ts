import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { workloadsOf } from '@core/model/workload'
import type { Proxy } from '@core/proxy/fit/proxy'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { standInNetwork } from '@core/quant/quantize/standInNetwork'
import { uniformScheme, type Scheme } from '@core/quant/scheme'
import { createCostService, type CostService } from '@main/costs/costService'
import { createJobService, type JobService } from '@main/jobs/jobService'
import { createRunLabels, runMigrations } from '@main/runs/runLabels'
import { createSearchService, type SearchService } from '@main/search/searchService'
import { createSearchStore, searchMigrations } from '@main/search/searchStore'
import { openStore, type Store } from '@main/store/store'
import type { ProxySummary } from '@shared/contract/proxy'
import { searchRequestSchema } from '@shared/contract/search'
import { quantityOf, type ProxyKernelName, type SampleUnit } from '@shared/vocabulary'
import { plainNetwork, someImages } from '../../../support/smallNetworks'

const graph = plainNetwork()
const workloads = workloadsOf(graph)
const layers = workloads.map(({ layer: name, macs }) => ({ name, macs, parameters: 1 }))
const names = layers.map(({ name }) => name)
const calibration = measureActivationRanges(graph, someImages(graph, 8))
const context = { signal: new AbortController().signal }

/** A call takes 10 cycles a bit of its weights, and 3 nJ a bit of its activations: by latency nothing is known of energy. */
const perBit = { cycles: 10, instructions: 7, nJ: 3 }
/** Every operator without weights that is measured on the boards. */
const operator = { cycles: 500, instructions: 400, nJ: 20 }

interface Fitted {
  summary: ProxySummary
  proxy: Proxy
}

function fitted(kernel: ProxyKernelName, unit: SampleUnit, boardId: string): Fitted {
  const id = `${kernel} ${unit} ${boardId}`
  const predict: Proxy['predict'] = ({ count, weightBits, activationBits }) =>
    Float64Array.from(
      { length: count },
      (_, row) => perBit[unit] * (unit === 'nJ' ? activationBits[row]! : weightBits[row]!)
    )
  return {
    summary: { id, kernel, unit, boardId, pinned: true } as ProxySummary,
    proxy: { kernel, unit, predict } as unknown as Proxy
  }
}
const ofBoard = (unit: SampleUnit, boardId: string): Fitted[] =>
  (['conv2d', 'matmul'] as const).map((kernel) => fitted(kernel, unit, boardId))

let store: Store
let jobs: JobService
let known: Fitted[]
let operatorUnits: string[]

function createCosts(): CostService {
  return createCostService({
    proxies: {
      list: async () => known.map(({ summary }) => summary),
      proxyById: async (id) => known.find(({ summary }) => summary.id === id)!.proxy,
      proxyFor: async (kernel, boardId, quantity) =>
        known.find(
          ({ summary }) =>
            summary.kernel === kernel && summary.boardId === boardId && quantityOf(summary.unit) === quantity
        )?.proxy ?? null
    },
    calibrations: { points: async () => null },
    buildOf: () => null,
    models: {
      layers: async () => layers,
      standIn: async (_modelId, scheme) => standInNetwork(graph, scheme),
      workloads: async () => workloads,
      recurrentWork: async () => []
    },
    async operatorSamples(_boardId, unit) {
      operatorUnits.push(unit)
      return [
        { kernel: 'maxPool', dims: [8, 8, 4, 2, 2], activationBits: 8, weightBits: 0, time: operator[unit] },
        { kernel: 'requantize', dims: [1, 1], activationBits: 8, weightBits: 0, time: 0 }
      ]
    },
    boardInfo: (boardId) => Promise.reject(new Error(`RAM of ${boardId}`)),
    monitorInfo: () => expect.fail('another board was taken')
  })
}

function createService(): SearchService {
  let ids = 0
  return createSearchService({
    store: createSearchStore(store),
    jobs,
    labels: createRunLabels(store),
    emit: () => undefined,
    models: {
      name: async () => 'net',
      layers: async () => layers,
      dataSet: async () => 'images',
      reportSplit: async () => 'fullTest',
      async measure(_modelId, scheme) {
        const lost = (scheme ?? []).reduce((sum, bits) => sum + 16 - bits.weightBits - bits.activationBits, 0)
        return {
          ...{ accuracy: 0.9 - lost / 1000, kl: 0.001 * lost, crossEntropy: 0.3, mse: 0.1, images: 4 },
          ...{ metrics: {}, right: new Uint8Array(0), computedMs: 1 }
        }
      }
    },
    costs: createCosts().search,
    impacts: () => expect.fail('no workload run was named'),
    nowMs: () => 0,
    newId: () => `search-${++ids}`
  })
}

beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [searchMigrations, runMigrations] })
  let ids = 0
  jobs = createJobService({ emit: () => undefined, nowMs: () => 0, newId: () => `job-${++ids}` })
  known = [...ofBoard('cycles', 'a'), ...ofBoard('nJ', 'a')]
  operatorUnits = []
})
afterEach(async () => {
  await jobs.stop()
  await store.close()
})

const weightBitsOf = (scheme: Scheme): number => scheme.reduce((sum, bits) => sum + bits.weightBits, 0)
const activationBitsOf = (scheme: Scheme): number =>
  scheme.reduce((sum, bits) => sum + bits.activationBits, 0)
const cyclesOf = (scheme: Scheme): number => 10 * weightBitsOf(scheme) + 500
const nanojoulesOf = (scheme: Scheme): number => 3 * activationBitsOf(scheme) + 20

const request = searchRequestSchema.parse({
  ...{ modelId: 'm', strategy: 'auto', cost: 'proxy', budgetRatio: 0.9, evaluations: 16, batch: 4, seed: 1 },
  alsoWithin: [{ cost: 'boardEnergy', ratio: 0.7 }]
})

describe('a search within the energy of a board', () => {
  it('prices latency in cycles and energy in nJ, each by its own proxies and operators, to its end', async () => {
    const service = createService()
    const { searchId } = await service.handlers['search.start'](request, context)
    await jobs.idle()
    const { search } = await service.handlers['search.get']({ searchId }, context)
    const int8 = uniformScheme(names, 8, 8)
    expect(search).toMatchObject({
      ...{ state: 'done', costUnit: 'cycles', baselineCost: cyclesOf(int8), about: { board: 'a' } },
      otherLimits: [{ unit: 'nJ', baselineCost: nanojoulesOf(int8), budget: 0.7 * nanojoulesOf(int8) }]
    })
    expect([...operatorUnits].sort()).toEqual(['cycles', 'nJ'])
    expect(search.trace.length).toBeGreaterThan(4)
    for (const { scheme, costs, feasible } of search.trace) {
      expect(costs).toEqual([cyclesOf(scheme), nanojoulesOf(scheme)])
      expect(feasible).toBe(
        cyclesOf(scheme) <= 0.9 * cyclesOf(int8) && nanojoulesOf(scheme) <= 0.7 * nanojoulesOf(int8)
      )
    }
    expect(search.best!.feasible).toBe(true)
    // Within the budget of latency alone, activations would have kept more bits.
    expect(activationBitsOf(search.best!.scheme)).toBeLessThan(8 * names.length)
  })

  it('keeps energy alone, in nJ', async () => {
    const service = createService()
    const alone = { ...request, cost: 'boardEnergy' as const, budgetRatio: 0.8, alsoWithin: [] }
    const { searchId } = await service.handlers['search.start'](alone, context)
    await jobs.idle()
    const { search } = await service.handlers['search.get']({ searchId }, context)
    expect(search).toMatchObject({ state: 'done', costUnit: 'nJ', otherLimits: [] })
    expect(search.best!.cost).toBe(nanojoulesOf(search.best!.scheme))
    expect(search.best!.cost).toBeLessThanOrEqual(search.budget!)
  })

  it.each([
    ['latency', 'nJ', request.cost, 'No proxy of a board is pinned.'],
    ['energy', 'cycles', 'boardEnergy', "No proxy of a board's energy is pinned."]
  ] as const)('never prices %s by proxies in %s', async (_quantity, unit, cost, message) => {
    known = ofBoard(unit, 'a')
    const start = createService().handlers['search.start']({ ...request, cost, alsoWithin: [] }, context)
    await expect(start).rejects.toMatchObject({ code: 'proxy.kernelMissing', message })
  })

  it('refuses latency of one board with energy of another, and takes the board of a proxy that is named', async () => {
    known = [...ofBoard('cycles', 'a'), ...ofBoard('nJ', 'b'), ...ofBoard('cycles', 'b')]
    const service = createService()
    await expect(service.handlers['search.start'](request, context)).rejects.toMatchObject({
      code: 'search.invalid',
      message: 'The budgets are of different boards: proxy of a, boardEnergy of b.'
    })
    const named = { ...request, proxyId: 'conv2d nJ b' }
    const { searchId } = await service.handlers['search.start'](named, context)
    await jobs.idle()
    expect((await service.handlers['search.get']({ searchId }, context)).search).toMatchObject({
      ...{ state: 'done', costUnit: 'cycles', about: { board: 'b' } },
      otherLimits: [{ unit: 'nJ' }]
    })
  })

  it('plans RAM for the board of its energy where no latency is known', async () => {
    known = ofBoard('nJ', 'a')
    await expect(createCosts().search('m', 'ram', null, [8, 4, 2, 1])).rejects.toThrow('RAM of a')
  })

  it('predicts the energy of one network as a search prices it', async () => {
    const scheme = uniformScheme(names, 4, 2)
    const network = quantizeNetwork(calibration, scheme)
    const predicted = await createCosts().predict(network, 'm', 'a', null, 'energy')
    // The quantizer keeps the image at 8 bits.
    const real = scheme.map((bits, at) => (at === 0 ? { ...bits, activationBits: 8 as const } : bits))
    expect(predicted!.layers.reduce<number>((sum, layer) => sum + layer!, 0)).toBeCloseTo(
      nanojoulesOf(real),
      9
    )
  })
})
