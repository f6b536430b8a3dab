import { describe, expect, it } from 'vitest'
import { bitFusionCycles } from '@core/accelerator/bitfusion'
import { MonitorClient } from '@core/board/monitorClient'
import { planDeployment, workBytes } from '@core/deploy/plan'
import { createRandom } from '@core/math/random'
import { weightedLayerNames } from '@core/model/graph'
import { workloadsOf } from '@core/model/workload'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { schemeWidths, uniformScheme } from '@core/quant/scheme'
import { bitFusionCosts, bitFusionLayerCycles, energyCosts } from '@core/search/costs/costModels'
import { costOf, genesCost } from '@core/search/costs/costTable'
import { searchLimits } from '@core/search/costs/limits'
import { ramCost } from '@core/search/costs/ramCost'
import { runSearch } from '@core/search/runSearch'
import { createSpace, genesOfScheme, randomGenes, schemeOfGenes, uniformGenes } from '@core/search/space'
import { plainNetwork, residualNetwork, someImages } from '../../../../support/smallNetworks'
import { SimulatedBoard } from '../../board/simulatedBoard'
import { recurrences } from '../../quant/operatorGraphs'

describe('costs of a search', () => {
  it.each([
    ['plain', plainNetwork()],
    ['residual', residualNetwork()],
    ['recurrent', recurrences(3, 9).done()]
  ])('RAM is the peak of the plan, byte for byte: %s network', (_, graph) => {
    const info = new SimulatedBoard('small').converse(new MonitorClient().hello(1))
    const layers = weightedLayerNames(graph)
    const calibration = measureActivationRanges(graph, someImages(graph, 16))
    const int8 = quantizeNetwork(calibration, uniformScheme(layers, 8, 8))
    const cost = ramCost(int8, info)
    const space = createSpace({ layers, macs: layers.map(() => 1), costs: [cost] })
    const random = createRandom(8)
    let exact = 0
    for (let draw = 0; draw < 30; draw++) {
      const genes = randomGenes(space, random)
      const network = quantizeNetwork(calibration, schemeOfGenes(space, genes))
      const plan = planDeployment(network, info)
      // Quantizing adds a requantisation where a tensor feeds layers of different widths: not foreseen by the cost.
      const added = network.layers.length - int8.layers.length
      expect(added).toBeGreaterThanOrEqual(0)
      if (added === 0) expect(cost.of(genes)).toBe(plan.peakRamBytes)
      else expect(cost.of(genes)).toBeLessThanOrEqual(plan.peakRamBytes - 128 * added)
      exact += added === 0 ? 1 : 0
      // The table is what the integer program sees; it never asks for more than the plan.
      expect(genesCost(cost.table!, genes)).toBeLessThanOrEqual(plan.peakRamBytes)
    }
    expect(exact).toBeGreaterThan(0)
  })

  it('RAM is the arena alone where the Image lies in flash, and impossible beyond the flash', () => {
    const graph = plainNetwork()
    const layers = weightedLayerNames(graph)
    const ranges = measureActivationRanges(graph, someImages(graph, 8))
    const int8 = quantizeNetwork(ranges, uniformScheme(layers, 8, 8))
    const board = new SimulatedBoard('small').converse(new MonitorClient().hello(1))
    const low = 0x0800_9800
    const withFlash = (sizeBytes: number) => ({
      ...board,
      flash: { low, high: low + sizeBytes }
    })
    const plan = planDeployment(int8, withFlash(1 << 17))
    const costIn = (sizeBytes: number): number => {
      const cost = ramCost(int8, withFlash(sizeBytes))
      const space = createSpace({ layers, macs: layers.map(() => 1), costs: [cost] })
      const genes = genesOfScheme(uniformScheme(layers, 8, 8), space.widths)
      expect(cost.int8).toBe(plan.peakRamBytes)
      return cost.of(genes)
    }
    expect(costIn(1 << 17)).toBe(plan.peakRamBytes)
    expect(plan.peakRamBytes).toBe(workBytes(plan.arenaBytes, plan.countersBytes))
    expect(costIn(plan.imageBytes)).toBe(plan.peakRamBytes)
    expect(costIn(plan.imageBytes - 16)).toBe(plan.peakRamBytes + plan.imageBytes)
  })

  it('a search finds what fits a flash that all 8 bits exceeds', async () => {
    const graph = plainNetwork()
    const layers = weightedLayerNames(graph)
    const int8 = quantizeNetwork(
      measureActivationRanges(graph, someImages(graph, 8)),
      uniformScheme(layers, 8, 8)
    )
    const board = new SimulatedBoard('small').converse(new MonitorClient().hello(1))
    const flashed = (sizeBytes: number) => ({
      ...board,
      flash: { low: 0x0800_9800, high: 0x0800_9800 + sizeBytes }
    })
    const { imageBytes, peakRamBytes } = planDeployment(int8, flashed(1 << 17))
    const cost = ramCost(int8, flashed(imageBytes - 16))
    const space = createSpace({ layers, macs: layers.map(() => 1), costs: [cost] })
    for (const strategy of ['auto', 'greedy', 'integer', 'random'] as const) {
      const plan = { space, strategy, objective: 'kl', evaluations: 8, batch: 4, seed: 1 } as const
      const { limits, best } = await runSearch(
        { ...plan, budgetRatios: [1] },
        { evaluate: async () => ({ accuracy: 1, kl: 0.1, crossEntropy: 1, mse: 0 }) }
      )
      expect(limits[0]!.baselineCost).toBe(peakRamBytes)
      expect(best?.cost).toBeLessThanOrEqual(peakRamBytes)
    }
  })

  it('the least RAM is no more than that of any pair everywhere, whose kernels need scratch of their own', () => {
    const graph = plainNetwork()
    const layers = weightedLayerNames(graph)
    const ranges = measureActivationRanges(graph, someImages(graph, 8))
    const board = new SimulatedBoard('small').converse(new MonitorClient().hello(1))
    const cost = ramCost(quantizeNetwork(ranges, uniformScheme(layers, 8, 8)), board)
    const space = createSpace({ layers, macs: layers.map(() => 1), costs: [cost] })
    const [{ minimumCost } = { minimumCost: NaN }] = searchLimits(space, [1]).limits
    const widths = [...space.widths.keys()]
    const uniform = widths.flatMap((weight) =>
      widths.map((other) => cost.of(uniformGenes(space, weight, other)))
    )
    expect(minimumCost).toBeLessThanOrEqual(Math.min(...uniform))
    // The scheme whose weights take least is not it.
    expect(minimumCost).toBeLessThan(cost.of(uniformGenes(space, 3, 3)))
  })

  it('energy grows with the product of the widths and their sum', () => {
    const [workload] = workloadsOf(plainNetwork())
    const table = energyCosts([workload!])
    const at = (weightBits: 8 | 2, activationBits: 8): number =>
      costOf(table, [{ layer: 'x', weightBits, activationBits }]) / workload!.macs
    // 0.2 pJ multiply and 0.1 pJ add at 8 x 8; 10 pJ per 64 bits read.
    expect(at(8, 8)).toBeCloseTo(0.2 + 0.1 + (16 * 10) / 64, 9)
    expect(at(2, 8)).toBeCloseTo(0.2 / 4 + 0.1 + (10 * 10) / 64, 9)
  })

  it('BitFusion cycles are those of its analytic model, with 1 bit as 2', () => {
    const workloads = workloadsOf(plainNetwork())
    const dense = workloads.findIndex(({ matmul }) => matmul !== null)
    const { m, k } = workloads[dense]!.matmul!
    const expected = bitFusionCycles({
      outputHeight: 1,
      outputWidth: 1,
      window: 1,
      inputChannels: k,
      outputChannels: m,
      activationBits: 4,
      weightBits: 2
    })
    const table = bitFusionCosts(workloads)
    expect(table.perLayer[16 * dense + 4 * 2 + 1]).toBe(expected)
    expect(table.perLayer[16 * dense + 15]).toBeLessThanOrEqual(table.perLayer[16 * dense + 10]!)
  })

  it('every width has its own cost on BitFusion, and none where only kernels are counted', () => {
    const workloads = workloadsOf(plainNetwork())
    const layers = workloads.map(({ layer }) => layer)
    const scheme = uniformScheme(layers, 3, 6)
    const every = bitFusionCosts(workloads, schemeWidths)
    const expected = workloads.reduce(
      (sum, workload, at) => sum + bitFusionLayerCycles(workload, 3, at === 0 ? 8 : 6),
      0
    )
    expect(costOf(every, scheme)).toBe(expected)
    expect(genesCost(every, genesOfScheme(scheme, schemeWidths))).toBe(expected)
    // 3 bits occupy the units of 4, and less of the memory port.
    expect(expected).toBeLessThan(costOf(every, uniformScheme(layers, 4, 8)))
    expect(() => costOf(bitFusionCosts(workloads), scheme)).toThrowError(/no cost for 3 bits/)
  })
})
