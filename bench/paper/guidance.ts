import path from 'node:path'
import { workloadsOf } from '../../src/core/model/workload'
import { fitProxy, type Proxy } from '../../src/core/proxy/fit/proxy'
import { schemeKey, uniformScheme, type Scheme } from '../../src/core/quant/scheme'
import { bitFusionCosts, bopsCosts, proxyCosts } from '../../src/core/search/costs/costModels'
import { costOf, type CostTable } from '../../src/core/search/costs/costTable'
import { searchLimits } from '../../src/core/search/costs/limits'
import { createSpace, tableCost } from '../../src/core/search/space'
import { createLocalClient, shippedModelId } from '../../src/main/cli/framework/localClient'
import { createModelFiles } from '../../src/main/model/files/modelFiles'
import { resourcePath } from '../../src/main/paths'
import type { ProxyKernelName } from '../../src/shared/vocabulary'
import { withBitbench } from '../withBitbench'
import { searchOn } from '../search/searchOn'
import { searchTable, type Experiment, type ResultTable } from './experiment'
import { bitFusionSamples } from './latencySamples'

const guides = { bopsLinear: 'BOPs', cbopsLinear: 'CBOPs', auto: 'proxy' } as const
type Guide = keyof typeof guides
const guideNames = Object.keys(guides) as Guide[]
/** Budgets per guide, evenly from near its own cheapest scheme to near int8: guides differ in how much bits save. */
const steps = 12
const evaluations = 32
/** Points of accuracy on the search images that a scheme may lose against int8. */
const allowedLoss = 0.5
const board = 'virtual:small'

/** Budgets of a guide as shares of its int8. */
function ratiosOf(costs: CostTable, layers: readonly string[]): number[] {
  const space = createSpace({ layers, macs: layers.map(() => 1), costs: [tableCost(costs)] })
  const { baselineCost, minimumCost } = searchLimits(space, [null]).limits[0]!
  const least = minimumCost / baselineCost
  return Array.from({ length: steps }, (_, step) => least + ((1 - least) * (step + 0.5)) / steps)
}

/** What a scheme really costs on a target, as a share of int8. */
type TrueRatio = (scheme: Scheme) => Promise<number>

async function workloads() {
  const modelsFolder = resourcePath('models')
  const files = createModelFiles({ modelsFolder, openedFile: null })
  return workloadsOf((await files.open(path.join(modelsFolder, 'lenet5-fashion.onnx'))).graph)
}

/** Searches under every guide's own latency, at budgets that are shares of its int8; then the true cost of what was found. */
async function compare(
  target: string,
  costsOf: (guide: Guide) => CostTable,
  trueRatio: TrueRatio,
  seed: number
): Promise<ResultTable[]> {
  const table = searchTable()
  const int8 = uniformScheme(table.layers, 8, 8)
  const [searchInt8, testInt8] = [table.measure(int8).accuracy, table.testAccuracy(int8)]
  const rows: (string | number | null)[][] = []
  const least: (string | number | null)[][] = []
  for (const guide of guideNames) {
    const costs = costsOf(guide)
    const whole = costOf(costs, int8)
    let cheapest: { ratio: number; lost: number } | null = null
    for (const budget of ratiosOf(costs, table.layers)) {
      const found = await searchOn(table, costs, { strategy: 'auto', budget, evaluations, seed })
      if (found === null) {
        rows.push([guides[guide], budget.toFixed(3), null, null, null, 'no scheme fits'])
        continue
      }
      const ratio = await trueRatio(found.scheme)
      const lost = 100 * (testInt8 - table.testAccuracy(found.scheme))
      const predicted = (costOf(costs, found.scheme) / whole).toFixed(3)
      rows.push([
        guides[guide],
        budget.toFixed(3),
        predicted,
        ratio.toFixed(3),
        lost.toFixed(2),
        schemeKey(found.scheme)
      ])
      const isAllowed = 100 * (searchInt8 - found.accuracy) <= allowedLoss
      if (isAllowed && (cheapest === null || ratio < cheapest.ratio)) cheapest = { ratio, lost }
    }
    least.push([guides[guide], cheapest?.ratio.toFixed(3) ?? null, cheapest?.lost.toFixed(2) ?? null])
  }
  return [
    {
      title: `${target}: least latency (share of int8) found with at most ${allowedLoss} points lost on the search images`,
      columns: ['guided by', 'true latency', 'points lost on test half A'],
      rows: least
    },
    {
      title: `${target}: what each guide finds at its budgets, ${evaluations} evaluations`,
      columns: ['guided by', 'budget', 'predicted', 'true latency', 'points lost on test half A', 'scheme'],
      rows
    }
  ]
}

async function onBitFusion(seed: number): Promise<ResultTable[]> {
  const layers = await workloads()
  const costs = bitFusionCosts(layers)
  const samples = { conv2d: bitFusionSamples('conv2d', seed), matmul: bitFusionSamples('matmul', seed) }
  const fitted = (guide: Guide): CostTable => {
    const fit = (kernel: 'conv2d' | 'matmul') => fitProxy(samples[kernel], { kernel, estimator: guide, seed })
    return proxyCosts(
      layers,
      new Map<ProxyKernelName, Proxy>([
        ['conv2d', fit('conv2d')],
        ['matmul', fit('matmul')]
      ])
    )
  }
  const whole = costOf(
    costs,
    uniformScheme(
      layers.map(({ layer }) => layer),
      8,
      8
    )
  )
  const costsOf = (guide: Guide) => (guide === 'bopsLinear' ? bopsCosts(layers) : fitted(guide))
  return compare(
    'BitFusion, cycles of its analytic model',
    costsOf,
    async (scheme) => costOf(costs, scheme) / whole,
    seed
  )
}

/** The proxies of a freshly profiled virtual board; true latency is that of the deployed network. */
async function onVirtualBoard(seed: number): Promise<ResultTable[]> {
  const layers = await workloads()
  let tables: ResultTable[] = []
  await withBitbench(async (bitbench) => {
    const client = createLocalClient(bitbench, new AbortController().signal)
    const modelId = await shippedModelId(client)
    await client.call('board.connect', { id: board })
    console.error(`${board}: profiling`)
    await client.finish((await client.call('profile.run', { boardId: board, modelId, seed })).jobId)
    const costs = new Map<Guide, CostTable>([['bopsLinear', bopsCosts(layers)]])
    for (const guide of ['cbopsLinear', 'auto'] as const) {
      const proxies = new Map<ProxyKernelName, Proxy>()
      for (const kernel of ['conv2d', 'matmul'] as const) {
        const source = { kind: 'board', boardId: board } as const
        await client.finish(
          (
            await client.call('proxy.fit', {
              source,
              kernel,
              seed,
              estimator: guide,
              title: `${guide} ${kernel}`
            })
          ).jobId
        )
        const { proxies: list } = await client.call('proxy.list', {})
        const { id } = list.find(({ title }) => title === `${guide} ${kernel}`)!
        proxies.set(kernel, await bitbench.proxy.proxyById(id))
      }
      costs.set(guide, proxyCosts(layers, proxies))
    }
    const known = new Map<string, number>()
    const cycles = async (scheme: Scheme): Promise<number> => {
      const key = schemeKey(scheme)
      const before = known.get(key)
      if (before !== undefined) return before
      const request = { modelId, boardId: board, images: 1, scheme: scheme.map((bits) => ({ ...bits })) }
      const { jobId, deploymentId } = await client.call('deploy.run', request)
      await client.finish(jobId)
      const measured = (await client.call('deploy.get', { deploymentId })).deployment.measured!
      known.set(key, measured)
      return measured
    }
    const int8 = await cycles(
      uniformScheme(
        layers.map(({ layer }) => layer),
        8,
        8
      )
    )
    const trueRatio: TrueRatio = async (scheme) => (await cycles(scheme)) / int8
    tables = await compare(
      `${board}, cycles measured on the simulated core`,
      (guide) => costs.get(guide)!,
      trueRatio,
      seed
    )
  })
  return tables
}

/** The paper's table VII: which latency model should guide the search. */
export const guidance: Experiment = {
  question: 'Which latency model finds the fastest scheme: BOPs, CBOPs or a fitted proxy?',
  run: async ({ seed }) => [...(await onBitFusion(seed)), ...(await onVirtualBoard(seed))]
}
