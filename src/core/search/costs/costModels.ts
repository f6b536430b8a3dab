import type { Graph } from '../../model/graph'
import { recurrentBitsOf } from '../../model/recurrentSource'
import type { RecurrentWork, Workload } from '../../model/workload'
import type { ProxyKernelName } from '../../../shared/vocabulary'
import { narrowRecurrenceShare, requireProxyKernel, rowSpec } from '../../kernel/spec'
import { predictNetwork, type NetworkLayer } from '../../proxy/fit/network'
import type { Proxy } from '../../proxy/fit/proxy'
import { noBits } from '../../proxy/samples'
import { bitWidths, type Bits } from '../../quant/scheme'
import { bitFusionCycles, bitFusionDefaults, type BitFusionHardware } from '../../accelerator/bitfusion'
import { arrayLayer } from '../../deploy/bitfusionGraph'
import { buildCostTable, type CostTable } from './costTable'

/** What a budget may count, as tables over the layers of one network. */

/** Bits of a recurrence's states, whatever the scheme, and of weights that it gives no others. */
const recurrentBits = 8

/** What recurrences cost at a width of their weights: beside each layer whose bits they have, and always where they have none. */
function besideLayers(
  workloads: readonly Workload[],
  recurrences: readonly RecurrentWork[],
  cost: (work: RecurrentWork, weightBits: number) => number
): { always: number; at: (layer: number, weightBits: number) => number } {
  const own = workloads.map(({ layer }) => recurrences.filter(({ bitsOf }) => bitsOf === layer))
  const total = (works: readonly RecurrentWork[], weightBits: number): number =>
    works.reduce((sum, work) => sum + cost(work, weightBits), 0)
  return {
    always: total(
      recurrences.filter(({ bitsOf }) => bitsOf === null),
      recurrentBits
    ),
    at: (layer, weightBits) => total(own[layer], weightBits)
  }
}

/** Bit operations: multiply-accumulates x weight bits x activation bits. */
export function bopsCosts(
  workloads: readonly Workload[],
  widths?: readonly Bits[],
  recurrences: readonly RecurrentWork[] = []
): CostTable {
  const beside = besideLayers(workloads, recurrences, ({ macs }, bits) => macs * bits * recurrentBits)
  const cost = (layer: number, weightBits: number, activationBits: number): number =>
    workloads[layer].macs * weightBits * activationBits + beside.at(layer, weightBits)
  return buildCostTable(workloads.length, 'bops', beside.always, cost, widths)
}

/** Bytes of packed weights and int32 biases. */
export function sizeCosts(
  workloads: readonly Workload[],
  widths?: readonly Bits[],
  recurrences: readonly RecurrentWork[] = []
): CostTable {
  const packed = (weights: number, biases: number, bits: number): number =>
    Math.ceil((weights * bits) / 8) + 4 * biases
  const beside = besideLayers(workloads, recurrences, ({ weights, biases }, bits) =>
    packed(weights, biases, bits)
  )
  const cost = (layer: number, weightBits: number): number => {
    const { parameters, matmul, conv } = workloads[layer]
    const outputs = matmul?.m ?? conv!.k
    return packed(parameters - outputs, outputs, weightBits) + beside.at(layer, weightBits)
  }
  return buildCostTable(workloads.length, 'bytes', beside.always, cost, widths)
}

/** Energy of one operation at 45 nm and 0.9 V in pJ (Horowitz, ISSCC 2014, figure 1.1.9). */
const multiply8Pj = 0.2
const add32Pj = 0.1
/** Per bit read from an 8 KiB SRAM: 10 pJ per 64 bits. */
const sramBitPj = 10 / 64

/**
 * Energy of one image by an analytic model, picojoules: a multiplier's energy grows with the product of its widths, the
 * accumulator stays at 32 bits, and every operand comes from SRAM once per multiply-accumulate. An estimate to compare
 * schemes with, not a measurement of any board.
 */
export function energyCosts(
  workloads: readonly Workload[],
  widths?: readonly Bits[],
  recurrences: readonly RecurrentWork[] = []
): CostTable {
  const beside = besideLayers(workloads, recurrences, ({ macs }, bits) => macs * macPj(bits, recurrentBits))
  const cost = (layer: number, weightBits: number, activationBits: number): number =>
    workloads[layer].macs * macPj(weightBits, activationBits) + beside.at(layer, weightBits)
  return buildCostTable(workloads.length, 'picojoules', beside.always, cost, widths)
}

/** Energy of one multiply-accumulate, pJ. */
function macPj(weightBits: number, activationBits: number): number {
  const arithmetic = (multiply8Pj * weightBits * activationBits) / 64 + add32Pj
  return arithmetic + sramBitPj * (weightBits + activationBits)
}

/**
 * Cycles of one batch on the BitFusion accelerator (sim/bitfusion.ts). It computes 1 bit as 2, and moves operands of
 * any width as they are. A depthwise layer runs channel by channel.
 */
export function bitFusionCosts(
  workloads: readonly Workload[],
  widths?: readonly Bits[],
  hardware: BitFusionHardware = bitFusionDefaults
): CostTable {
  const cost = (layer: number, weightBits: number, activationBits: number): number =>
    bitFusionLayerCycles(workloads[layer], weightBits, activationBits, hardware)
  return buildCostTable(workloads.length, 'cycles', 0, cost, widths)
}

/** Any widths the array holds, 1 to 8. @throws AppError input.invalid, input.unsupported (bitFusionCycles) */
export function bitFusionLayerCycles(
  workload: Workload,
  weightBits: number,
  activationBits: number,
  hardware: BitFusionHardware = bitFusionDefaults
): number {
  const { layer, repeats } = arrayLayer(workload, { weightBits, activationBits })
  return repeats * bitFusionCycles(layer, hardware)
}

/**
 * Latency as fitted proxies predict it, per kernel.
 * @param overhead time outside the weighted layers, in the proxies' unit (measured pools, dispatch)
 * @param recurrences of the network (recurrentLayers)
 * @throws AppError proxy.kernelMissing naming the layer; proxy.invalid when the proxies mix units.
 */
export function proxyCosts(
  workloads: readonly Workload[],
  proxies: ReadonlyMap<ProxyKernelName, Proxy>,
  overhead = 0,
  recurrences: readonly RecurrentPrice[] = []
): CostTable {
  const pairs = bitWidths.flatMap((weightBits) =>
    bitWidths.map((activationBits) => [weightBits, activationBits] as const)
  )
  const layers = workloads.flatMap((workload) =>
    pairs.map(([weightBits, activationBits]) => proxyLayer(workload, weightBits, activationBits))
  )
  const predicted = predictNetwork([...layers, ...recurrences.map(({ atEight }) => atEight)], { proxies })
  const own = predicted.layers.slice(layers.length).map(({ time }) => time)
  const always = own.reduce((sum, time) => sum + time, overhead)
  let at = 0
  const table = buildCostTable(workloads.length, predicted.unit, always, () => predicted.layers[at++].time)
  return withNarrowRecurrences(
    table,
    workloads,
    recurrences.map(({ bitsOf }, index) => ({ bitsOf, cost: own[index] }))
  )
}

/** A table that has recurrences at 8 bits, with what they take more beside a layer whose fewer weight bits they have. */
export function withNarrowRecurrences(
  table: CostTable,
  workloads: readonly Workload[],
  recurrences: readonly { readonly bitsOf: string | null; readonly cost: number }[]
): CostTable {
  const { widths = bitWidths } = table
  const more = workloads.map(({ layer }) =>
    recurrences.reduce(
      (sum, { bitsOf, cost }) => sum + (bitsOf === layer ? narrowRecurrenceShare * cost : 0),
      0
    )
  )
  const perLayer = table.perLayer.map((cost, at) => {
    const row = Math.floor(at / widths.length)
    return widths[row % widths.length] < recurrentBits ? cost + more[Math.floor(row / widths.length)] : cost
  })
  return { ...table, perLayer }
}

/** What a recurrence costs by proxies: kernels with weights of 8 bits are what boards measure. */
export interface RecurrentPrice {
  readonly atEight: NetworkLayer
  /** Layer of a scheme whose weight bits it has; null: none. */
  readonly bitsOf: string | null
}

/** Recurrences as the proxies take them. */
export function recurrentLayers(graph: Graph): RecurrentPrice[] {
  return graph.nodes.flatMap((node): RecurrentPrice[] => {
    if (node.op !== 'recurrent') return []
    const [hidden, steps] = node.outputShape as readonly [number, number]
    const dims = rowSpec(node.cell).toColumns([steps, hidden])
    const bits = { activationBits: noBits, weightBits: noBits }
    const atEight = { name: node.name, kernel: node.cell, dims, ...bits }
    return [{ atEight, bitsOf: recurrentBitsOf(graph, node) }]
  })
}

/** A weighted layer as the proxies take it. */
export function proxyLayer(workload: Workload, weightBits: Bits, activationBits: Bits): NetworkLayer {
  const { layer: name, shape, scale } = workload
  const kernel = requireProxyKernel(shape.kernel)
  return { name, kernel, dims: rowSpec(kernel).toColumns(shape.dims), scale, weightBits, activationBits }
}
