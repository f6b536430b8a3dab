import { describe, expect, it } from 'vitest'
import { atBits } from '@core/deploy/uniformBits'
import { weightedLayerNames } from '@core/model/graph'
import { workloadsOf } from '@core/model/workload'
import type { ProxyKernelName } from '@shared/vocabulary'
import type { Proxy } from '@core/proxy/fit/proxy'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { isWeighted, type MoveLayer } from '@core/quant/quantizedNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { proxyCosts } from '@core/search/costs/costModels'
import { costOf } from '@core/search/costs/costTable'
import type { MeasuredCall } from '@core/deploy/operatorCost'
import { createNetworkCost, type CostTarget } from '@main/costs/networkCost'
import { plainNetwork, someImages } from '../../../support/smallNetworks'
import { operatorCases } from '../../core/quant/operatorGraphs'

const graph = plainNetwork()
const names = workloadsOf(graph).map(({ layer }) => layer)
const calibration = measureActivationRanges(graph, someImages(graph, 8))
const network = quantizeNetwork(calibration, uniformScheme(names, 8, 8))

/** Predicts bits of weights plus activations for every row: easy to add up by hand. */
const byBits = (kernel: ProxyKernelName): Proxy =>
  ({
    kernel,
    unit: 'cycles',
    predict: (rows: { count: number; weightBits: Float64Array; activationBits: Float64Array }) =>
      Float64Array.from({ length: rows.count }, (_, row) => rows.weightBits[row]! + rows.activationBits[row]!)
  }) as unknown as Proxy
const proxies = new Map((['conv2d', 'matmul'] as const).map((kernel) => [kernel, byBits(kernel)]))
const cost = createNetworkCost({
  operatorSamples: async () => [
    { kernel: 'requantize', dims: [1, 1], activationBits: 8, weightBits: 0, time: 0.5 },
    { kernel: 'maxPool', dims: [8, 8, 4, 2, 2], activationBits: 8, weightBits: 0, time: 40 }
  ]
})
const target: CostTarget = { boardId: 'b', unit: 'cycles', proxies, measured: null }
const sum = (values: (number | null)[]): number => values.reduce<number>((total, one) => total + one!, 0)

describe('cost of whole networks', () => {
  it('is the sum of proxies, measured operators and operators by their visits', async () => {
    const { layers, rest, calibrated } = await cost.layers(network, target)
    const elements = network.layers
      .filter((layer) => isWeighted(layer) && !layer.last)
      .reduce((total, { outputShape: [h, w, c] }) => total + h * w * c, 0)
    expect(sum(layers)).toBeCloseTo(4 * 16 + 40 + 0.5 * elements, 9)
    expect([rest, calibrated]).toEqual([0, false])
    expect((await cost.points(network, target)).most).toBeCloseTo(sum(layers), 9)
  })

  it('goes through both measured points once it is calibrated, in deploying and in searching', async () => {
    const raw = await cost.points(network, target)
    const measured = { fewest: 3 * raw.fewest! - 20, most: 3 * raw.most! - 20 }
    for (const [bits, wanted] of [
      [8, measured.most],
      [1, measured.fewest]
    ] as const) {
      const { layers, rest, calibrated } = await cost.layers(atBits(network, bits), { ...target, measured })
      expect(calibrated).toBe(true)
      expect(rest).toBeCloseTo(-20, 6)
      expect(sum(layers) + rest).toBeCloseTo(wanted, 6)
    }
    const workloads = workloadsOf(graph)
    const table = await cost.table(network, workloads, { ...target, measured })
    const plain = await cost.table(network, workloads, target)
    const scheme = uniformScheme(names, 4, 2)
    expect(costOf(table, scheme)).toBeCloseTo(3 * costOf(plain, scheme) - 20, 6)
  })

  it('takes for the points what the quantizer makes of the same bits everywhere: the image stays at 8', async () => {
    const { fewest, most } = await cost.points(network, target)
    for (const [bits, point] of [
      [1, fewest],
      [8, most]
    ] as const) {
      const real = quantizeNetwork(calibration, uniformScheme(names, bits, bits))
      expect(sum((await cost.layers(real, target)).layers)).toBeCloseTo(point!, 9)
    }
  })

  it('stays as predicted where a layer cannot be told', async () => {
    const measured = { fewest: 10, most: 20 }
    const without = { ...target, proxies: new Map([['conv2d', byBits('conv2d')] as const]), measured }
    const { layers, calibrated } = await cost.layers(network, without)
    expect(calibrated).toBe(false)
    expect(layers).toContain(null)
    expect(await cost.points(network, without)).toEqual({ fewest: null, most: null })
  })

  it('takes an operator’s own proxy before its visits, and its measurement before both', async () => {
    const pool = network.layers.findIndex((layer) => layer.op === 'maxPool')
    const constant = {
      kernel: 'maxPool',
      unit: 'cycles',
      predict: () => Float64Array.of(8)
    } as unknown as Proxy
    const withProxy = { ...target, proxies: new Map([...proxies, ['maxPool', constant] as const]) }
    expect((await cost.layers(network, withProxy)).layers[pool]).toBe(40)
    const unmeasured = createNetworkCost({
      operatorSamples: async () => [
        { kernel: 'maxPool', dims: [4, 4, 1, 2, 2], activationBits: 8, weightBits: 0, time: 999 }
      ]
    })
    expect((await unmeasured.layers(network, withProxy)).layers[pool]).toBe(8)
  })

  it('takes copies as measured, and as requantising as many codes where none was', async () => {
    const builder = operatorCases['concat']!(1)
    const joined = quantizeNetwork(
      measureActivationRanges(builder.done(), builder.pixels(8)),
      uniformScheme(weightedLayerNames(builder.done()), 8, 8)
    )
    const part = joined.layers.findIndex(({ op }) => op === 'move')
    const { loops } = joined.layers[part] as MoveLayer
    const length = loops.counts.at(-1)!
    const runs = loops.counts.slice(0, -1).reduce((product, count) => product * count, 1)
    const requantize = {
      kernel: 'requantize',
      dims: [1, 1],
      activationBits: 8,
      weightBits: 0,
      time: 7
    } as const
    const flatten = { kernel: 'flatten', dims: [1], activationBits: 8, weightBits: 0, time: 2 } as const
    const costOfPart = async (samples: MeasuredCall[]) =>
      (await createNetworkCost({ operatorSamples: async () => samples }).layers(joined, target)).layers[part]
    expect(runs).toBeGreaterThan(1)
    const begins = 0.45 * (runs - 1)
    expect(await costOfPart([requantize, flatten])).toBeCloseTo(2 * runs * length + 2 * begins, 9)
    expect(await costOfPart([requantize])).toBeCloseTo(7 * runs * length + 7 * begins, 9)
    expect(await costOfPart([])).toBeNull()
  })

  it('refuses a search to count a recurrence that nothing is known of, and takes what was measured of it', async () => {
    const builder = operatorCases['gru recurrence']!(1)
    const recurrent = builder.done()
    const own = workloadsOf(recurrent)
    const scheme = uniformScheme(
      own.map(({ layer }) => layer),
      8,
      8
    )
    const integers = quantizeNetwork(measureActivationRanges(recurrent, builder.pixels(8)), scheme)
    // Seven steps of five units.
    const gru = { kernel: 'gru' as const, dims: [7, 5], activationBits: 8, weightBits: 0, time: 9000 }
    const requantize = { ...gru, kernel: 'requantize' as const, dims: [1, 1], time: 0 }
    const having = (samples: MeasuredCall[]) =>
      createNetworkCost({ operatorSamples: async () => samples }).table(integers, own, target)
    for (const samples of [[], [requantize]])
      await expect(having(samples)).rejects.toMatchObject({
        code: 'proxy.kernelMissing',
        details: { kernel: 'gru' },
        hint: expect.stringContaining('profile run --model') as string
      })
    const table = await having([requantize, gru])
    expect(table.overhead).toBe(9000)
    // Weights of fewer than 8 bits make it a fifth slower: rows of a table are pairs, from w8a8 to w1a1.
    const without = proxyCosts(own, target.proxies)
    const more = [...table.perLayer].map((cost, at) => cost - without.perLayer[at]!)
    expect(more.map((cost) => Math.round(cost))).toEqual([0, 0, 0, 0, ...new Array<number>(12).fill(1800)])
    // By visits, 3 gates of 5 x 5 a step: at twice the steps it cost twice as much.
    expect((await having([requantize, { ...gru, dims: [14, 5] }])).overhead).toBeCloseTo(4500, 9)
  })
})
