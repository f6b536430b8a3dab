import { describe, expect, it } from 'vitest'
import {
  bitFusionCycles,
  bitFusionDefaults,
  bitFusionHardware,
  bitFusionPlan
} from '@core/accelerator/bitfusion'
import { bitFusionGraph, bitFusionText, parseArrayBits } from '@core/deploy/bitfusionGraph'
import { createRandom } from '@core/math/random'
import { weightedNodes } from '@core/model/graph'
import { workloadsOf } from '@core/model/workload'
import { bitFusionLayerCycles } from '@core/search/costs/costModels'
import { bitFusionGraphSchema } from '@shared/contract/deploy/bitfusion'
import { plainNetwork, residualNetwork } from '../../../support/smallNetworks'

describe('the plan of a layer on BitFusion', () => {
  it('is one tile where everything fits: 16 images x 8 inputs x 4 outputs at 8 bits', () => {
    const plan = bitFusionPlan({
      outputHeight: 1,
      outputWidth: 1,
      window: 1,
      inputChannels: 8,
      outputChannels: 4,
      activationBits: 8,
      weightBits: 8
    })
    // Weights are padded to the 16 rows, sums to the 32 columns: 16 x 4 bytes, 16 x 32 x 4 bytes.
    expect(plan).toEqual({
      // load 128 + 64 + 2048 bytes at 16 bytes a cycle, compute 16, drain 2048 bytes
      cycles: 140 + 16 + 128,
      computeCycles: 16,
      tile: { batch: 16, outputWidth: 1, outputHeight: 1, inputChannels: 8, outputChannels: 4 },
      steps: { batch: 1, outputWidth: 1, outputHeight: 1, inputChannels: 1, outputChannels: 1 },
      order: [],
      bufferBytes: { activations: 128, weights: 64, outputs: 2048 },
      dramBytes: { activations: 128, weights: 64, sumsIn: 2048, sumsOut: 2048 }
    })
  })

  it('counts the taps of an oblong window as whole numbers: 1 x 5 over 16 channels takes 5 steps of 16 rows', () => {
    const layer = { outputHeight: 1, outputWidth: 1, inputChannels: 16, outputChannels: 32 }
    const plan = bitFusionPlan({ ...layer, window: Math.sqrt(5), activationBits: 8, weightBits: 8 })
    // 16 images; all of it fits: 16 x 80, 5 x 16 x 32 and 16 x 32 x 4 bytes.
    expect(plan.computeCycles).toBe(16 * 5)
    expect(plan.bufferBytes).toEqual({ activations: 1280, weights: 2560, outputs: 2048 })
    expect(plan.cycles).toBe((1280 + 2560 + 2048) / 16 + 80 + 2048 / 16)
  })

  it('explains the cycles of any layer: its traffic, buffers and computing add up to them', () => {
    const random = createRandom(4)
    const port = bitFusionDefaults.dramBitsPerCycle / 8
    for (let draw = 0; draw < 25; draw++) {
      const side = 1 + random.integer(20)
      const layer = {
        outputHeight: side,
        outputWidth: side,
        window: [1, 3, 5][random.integer(3)]!,
        inputChannels: 1 + random.integer(100),
        outputChannels: 1 + random.integer(200),
        // Widths that divide a byte, so that bytes are exact.
        activationBits: [8, 4, 2][random.integer(3)]!,
        weightBits: [8, 4, 2][random.integer(3)]!
      }
      const { cycles, computeCycles, tile, steps, order, bufferBytes, dramBytes } = bitFusionPlan(layer)
      expect(cycles).toBe(bitFusionCycles(layer))
      const loaded = bufferBytes.activations + bufferBytes.weights + bufferBytes.outputs
      const moved = dramBytes.activations + dramBytes.weights + dramBytes.sumsIn + dramBytes.sumsOut
      const overlapped = Math.ceil((moved - loaded - bufferBytes.outputs) / port)
      expect(cycles).toBe(
        Math.max(computeCycles, overlapped) + Math.ceil(loaded / port) + Math.ceil(bufferBytes.outputs / port)
      )
      expect(bufferBytes.activations).toBeLessThanOrEqual(bitFusionDefaults.activationSramBytes / 2)
      expect(bufferBytes.weights).toBeLessThanOrEqual(bitFusionDefaults.weightSramBytes / 2)
      expect(bufferBytes.outputs).toBeLessThanOrEqual(bitFusionDefaults.outputSramBytes / 2)
      const whole = { batch: 16, ...layer }
      for (const extent of Object.keys(tile) as (keyof typeof tile)[]) {
        expect(steps[extent]).toBe(Math.ceil(whole[extent] / tile[extent]))
        expect(order.includes(extent)).toBe(steps[extent] > 1)
      }
    }
  })
})

describe('a network as a graph for BitFusion', () => {
  it('lists every node with its inputs; cycles are those of the search cost, at any width', () => {
    const network = residualNetwork()
    const count = weightedNodes(network).length
    const random = createRandom(2)
    const bits = Array.from({ length: count }, () => ({
      weightBits: 1 + random.integer(8),
      activationBits: 1 + random.integer(8)
    }))
    const graph = bitFusionGraph(network, bits)
    expect(bitFusionGraphSchema.parse(JSON.parse(JSON.stringify(graph)))).toEqual(graph)
    expect(graph.nodes.map(({ name }) => name)).toEqual(network.nodes.map(({ name }) => name))
    const expected = workloadsOf(network).map((workload, layer) =>
      bitFusionLayerCycles(workload, bits[layer]!.weightBits, bits[layer]!.activationBits)
    )
    expect(graph.nodes.flatMap(({ array }) => array?.cycles ?? [])).toEqual(expected)
    expect(graph.cycles).toBe(expected.reduce((sum, cycles) => sum + cycles, 0))
    const add = graph.nodes.find(({ op }) => op === 'add')!
    expect(add.array).toBeNull()
    expect(add.inputs).toHaveLength(2)
    expect(graph.nodes[0]!.inputs).toEqual(['input'])
    const text = bitFusionText(graph)
    for (const { name } of graph.nodes) expect(text).toContain(`${name} = `)
    expect(text).toContain(`cycles ${graph.cycles} per batch of 16`)
  })

  it('takes another array, and a larger batch costs more', () => {
    const network = plainNetwork()
    const bits = parseArrayBits('w4a4', weightedNodes(network).length)
    const cycles = (batch: number): number =>
      bitFusionGraph(network, bits, bitFusionHardware({ batch, rows: undefined })).cycles
    expect(cycles(32)).toBeGreaterThan(cycles(16))
  })

  it('reads one pair for all layers, whose first has 8-bit input, or one per layer', () => {
    expect(parseArrayBits('w5a3', 2)).toEqual([
      { weightBits: 5, activationBits: 8 },
      { weightBits: 5, activationBits: 3 }
    ])
    expect(parseArrayBits('w5a3,w7a6', 2)).toEqual([
      { weightBits: 5, activationBits: 3 },
      { weightBits: 7, activationBits: 6 }
    ])
  })

  it.each([
    ['a scheme of another length', 'w8a8,w8a8,w8a8,w8a8,w8a8,w8a8,w8a8,w8a8,w8a8', /The scheme has 9 layers/],
    ['what is no bit pair', 'w8', /"w8" is not a bit pair/],
    ['wider operands than the array has', 'w9a8', /up to 8 bits/],
    ['no bits', 'w0a8', /up to 8 bits/]
  ])('refuses %s', (_what, text, message) => {
    const network = plainNetwork()
    const build = () => bitFusionGraph(network, parseArrayBits(text, weightedNodes(network).length))
    expect(build).toThrow(message)
  })
})
