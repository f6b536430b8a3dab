import type { Graph } from '../../model/graph'
import type { RecurrentWork, Workload } from '../../model/workload'
import type { ProxyKernelName } from '../../../shared/vocabulary'
import { requireProxyKernel, rowSpec } from '../../kernel/spec'
import { predictNetwork, type NetworkLayer } from '../../proxy/fit/network'
import type { Proxy } from '../../proxy/fit/proxy'
import { noBits } from '../../proxy/samples'
import { bitWidths, type Bits } from '../../quant/scheme'
import { bitFusionCycles, bitFusionDefaults, type BitFusionHardware } from '../../accelerator/bitfusion'
import { arrayLayer } from '../../deploy/bitfusionGraph'
import { buildCostTable, type CostTable } from './costTable'

/** What a budget may count, as tables over the layers of one network. */

/** Of a network without recurrences. */
const noRecurrence: RecurrentWork = { macs: 0, weights: 0, biases: 0 }
/** Bits of a recurrence's states and weights, whatever the scheme. */
const recurrentBits = 8

/** Bit operations: multiply-accumulates x weight bits x activation bits. */
export function bopsCosts(
  workloads: readonly Workload[],
  widths?: readonly Bits[],
  recurrent = noRecurrence
): CostTable {
  const cost = (layer: number, weightBits: number, activationBits: number): number =>
    workloads[layer].macs * weightBits * activationBits
  return buildCostTable(workloads.length, 'bops', recurrent.macs * recurrentBits ** 2, cost, widths)
}

/** Bytes of packed weights and int32 biases. */
export function sizeCosts(
  workloads: readonly Workload[],
  widths?: readonly Bits[],
  recurrent = noRecurrence
): CostTable {
  const cost = (layer: number, weightBits: number): number => {
    const { parameters, matmul, conv } = workloads[layer]
    const outputs = matmul?.m ?? conv!.k
    return Math.ceil(((parameters - outputs) * weightBits) / 8) + 4 * outputs
  }
  const constant = (recurrent.weights * recurrentBits) / 8 + 4 * recurrent.biases
  return buildCostTable(workloads.length, 'bytes', constant, cost, widths)
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
  recurrent = noRecurrence
): CostTable {
  const cost = (layer: number, weightBits: number, activationBits: number): number =>
    workloads[layer].macs * macPj(weightBits, activationBits)
  const constant = recurrent.macs * macPj(recurrentBits, recurrentBits)
  return buildCostTable(workloads.length, 'picojoules', constant, cost, widths)
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
 * @param constant layers that cost the same under every scheme (recurrentLayers)
 * @throws AppError proxy.kernelMissing naming the layer; proxy.invalid when the proxies mix units.
 */
export function proxyCosts(
  workloads: readonly Workload[],
  proxies: ReadonlyMap<ProxyKernelName, Proxy>,
  overhead = 0,
  constant: readonly NetworkLayer[] = []
): CostTable {
  const pairs = bitWidths.flatMap((weightBits) =>
    bitWidths.map((activationBits) => [weightBits, activationBits] as const)
  )
  const layers = workloads.flatMap((workload) =>
    pairs.map(([weightBits, activationBits]) => proxyLayer(workload, weightBits, activationBits))
  )
  const predicted = predictNetwork([...layers, ...constant], { proxies })
  const always = predicted.layers.slice(layers.length).reduce((sum, { time }) => sum + time, overhead)
  let at = 0
  return buildCostTable(workloads.length, predicted.unit, always, () => predicted.layers[at++].time)
}

/** Recurrences as the proxies take them: kernels without widths that a scheme chooses. */
export function recurrentLayers(graph: Graph): NetworkLayer[] {
  return graph.nodes.flatMap((node): NetworkLayer[] => {
    if (node.op !== 'recurrent') return []
    const [hidden, steps] = node.outputShape as readonly [number, number]
    const dims = rowSpec(node.cell).toColumns([steps, hidden])
    return [{ name: node.name, kernel: node.cell, dims, activationBits: noBits, weightBits: noBits }]
  })
}

/** A weighted layer as the proxies take it. */
export function proxyLayer(workload: Workload, weightBits: Bits, activationBits: Bits): NetworkLayer {
  const { layer: name, shape, scale } = workload
  const kernel = requireProxyKernel(shape.kernel)
  return { name, kernel, dims: rowSpec(kernel).toColumns(shape.dims), scale, weightBits, activationBits }
}
