import { describe, expect, it } from 'vitest'
import { recurrentWorkOf, workloadsOf, type Workload } from '@core/model/workload'
import type { Bits } from '@core/quant/scheme'
import { bopsCosts, energyCosts, proxyCosts, recurrentLayers, sizeCosts } from '@core/search/costs/costModels'
import { costOf, genesCost, type CostTable } from '@core/search/costs/costTable'
import type { Proxy } from '@core/proxy/fit/proxy'
import type { ShapeRows } from '@core/proxy/samples'
import type { ProxyKernelName } from '@shared/vocabulary'
import { operatorCases } from '../../quant/operatorGraphs'

const none = { layer: 'l', shape: { kernel: 'matmul', dims: [] as number[] }, scale: 1 } as const
/** 3 inputs, 10 outputs. */
const dense: Workload = {
  ...{ ...none, kernel: 'matmul', conv: null, macs: 30, parameters: 40 },
  matmul: { n: 1, m: 10, k: 3 }
}
/** 3x3 windows of one channel, 4 filters, 25 places. */
const conv: Workload = {
  ...{ ...none, kernel: 'conv2d', matmul: null, macs: 900, parameters: 40 },
  conv: { h: 7, w: 7, c: 1, k: 4, ksH: 3, ksW: 3, strideH: 1, strideW: 1, outH: 5, outW: 5 }
}

function costAt(table: CostTable, ...bits: readonly (readonly [Bits, Bits])[]): number {
  return costOf(
    table,
    bits.map(([weightBits, activationBits]) => ({ layer: 'l', weightBits, activationBits }))
  )
}

describe('costs by formula', () => {
  it('bit operations are macs times both widths, summed over layers', () => {
    const table = bopsCosts([dense, conv])
    // 30 * 8 * 4 + 900 * 2 * 1
    expect(costAt(table, [8, 4], [2, 1])).toBe(960 + 1800)
    expect(costAt(table, [4, 8], [1, 2])).toBe(960 + 1800)
    expect(table.unit).toBe('bops')
  })

  it('bytes are packed weights, whole bytes a layer, and four per bias', () => {
    const table = sizeCosts([dense, conv])
    // 30 weights: 30, 15, 7.5 and 3.75 bytes; ten biases.
    expect(costAt(table, [8, 8], [8, 8])).toBe(30 + 40 + (36 + 16))
    expect(costAt(table, [4, 8], [4, 1])).toBe(15 + 40 + (18 + 16))
    expect(costAt(table, [2, 8], [2, 8])).toBe(8 + 40 + (9 + 16))
    expect(costAt(table, [1, 1], [1, 8])).toBe(4 + 40 + (5 + 16))
  })

  it('energy is multiplier by product of widths, adder and operands from SRAM', () => {
    const table = energyCosts([dense])
    // 0.2 * 4 * 2 / 64 + 0.1 pJ of arithmetic, 6 bits of 10 / 64 pJ each.
    expect(costAt(table, [4, 2])).toBeCloseTo(30 * (0.025 + 0.1 + 0.9375), 12)
    expect(costAt(table, [8, 8])).toBeCloseTo(30 * (0.2 + 0.1 + 2.5), 12)
  })

  it('counts recurrences at the weight bits of the layer of their inputs, and states at 8', () => {
    // A GRU of five units over seven steps: three gates of 5 x 5 weights and five biases; its inputs' layer: 2 channels to 15, 7 places.
    const graph = operatorCases['gru recurrence']!(1).done()
    const recurrent = recurrentWorkOf(graph)
    const workloads = workloadsOf(graph)
    expect(recurrent).toEqual([{ bitsOf: workloads[0]!.layer, macs: 7 * 75, weights: 75, biases: 15 }])
    expect(workloads).toHaveLength(1)
    expect(costAt(bopsCosts(workloads, undefined, recurrent), [2, 4])).toBe(7 * 30 * 2 * 4 + 7 * 75 * 2 * 8)
    // Packed weights and biases of both: 30 * 4 / 8 + 15 * 4, 75 * 4 / 8 + 15 * 4; where the layer has none of them, at 8 bits.
    expect(costAt(sizeCosts(workloads, undefined, recurrent), [4, 8])).toBe(15 + 60 + 38 + 60)
    const apart = recurrent.map((work) => ({ ...work, bitsOf: null }))
    expect(costAt(sizeCosts(workloads, undefined, apart), [4, 8])).toBe(15 + 60 + 75 + 60)
    expect(costAt(bopsCosts(workloads, undefined, apart), [2, 4])).toBe(7 * 30 * 2 * 4 + 7 * 75 * 64)
    // 0.2 + 0.1 pJ of arithmetic and 16 bits of 10 / 64 pJ.
    const energy = costAt(energyCosts(workloads, undefined, recurrent), [8, 8])
    expect(energy).toBeCloseTo(7 * (30 + 75) * 2.8, 9)
    expect(recurrentWorkOf(operatorCases['attention']!(1).done())).toEqual([])
  })

  it('predicts recurrences by proxies of their kernels, and names the one that is missing', () => {
    const graph = operatorCases['gru recurrence']!(1).done()
    const workloads = workloadsOf(graph)
    const reading = (
      kernel: ProxyKernelName,
      timeOf: (dims: number[]) => number
    ): [ProxyKernelName, Proxy] => [
      kernel,
      {
        kernel,
        unit: 'cycles',
        predict: (rows: ShapeRows) =>
          Float64Array.from({ length: rows.count }, (_, row) =>
            timeOf(rows.dims.map((column) => column[row]!))
          )
      } as unknown as Proxy
    ]
    const inputs = reading(workloads[0]!.shape.kernel as ProxyKernelName, () => 100)
    // Seven steps of five units.
    const gru = reading('gru', ([steps, hidden]) => 1000 * steps! + hidden!)
    const table = proxyCosts(workloads, new Map([inputs, gru]), 3, recurrentLayers(graph))
    expect(costAt(table, [8, 2])).toBe(100 + 7005 + 3)
    // A fifth more where weights are taken out of words.
    expect(costAt(table, [4, 2])).toBeCloseTo(100 + 1.2 * 7005 + 3, 9)
    expect(() => proxyCosts(workloads, new Map([inputs]), 0, recurrentLayers(graph))).toThrow(
      expect.objectContaining({ code: 'proxy.kernelMissing', details: { kernel: 'gru', layer: 'gru' } })
    )
  })

  it('counts several recurrences, and one by one', () => {
    const graph = operatorCases['lstm recurrence']!(1).done()
    const twice = { ...graph, nodes: [...graph.nodes, ...graph.nodes] }
    const one = { bitsOf: workloadsOf(graph)[0]!.layer, macs: 7 * 100, weights: 100, biases: 20 }
    expect(recurrentWorkOf(twice)).toEqual([one, one])
  })

  it('genes name widths by their place in the list, weights before activations', () => {
    const table = bopsCosts([dense, conv], [8, 2])
    expect(genesCost(table, Uint8Array.of(0, 1, 1, 1))).toBe(30 * 8 * 2 + 900 * 2 * 2)
    expect(costAt(table, [8, 2], [2, 2])).toBe(30 * 8 * 2 + 900 * 2 * 2)
    expect(() => costAt(table, [4, 8], [8, 8])).toThrow('no cost for 4 bits')
  })
})
