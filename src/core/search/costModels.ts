import type { Workload } from '../model/workload'
import type { KernelName } from '../proxy/kernels'
import { predictNetwork, type NetworkLayer } from '../proxy/fit/network'
import type { Proxy } from '../proxy/fit/proxy'
import { bitWidths, type Bits } from '../quant/scheme'
import { buildCostTable, type CostTable } from './costTable'

/** What a budget may count, as tables over the layers of one network. */

/** Bit operations: multiply-accumulates x weight bits x activation bits. */
export function bopsCosts(workloads: readonly Workload[]): CostTable {
  return buildCostTable(workloads.length, 'bops', 0, (layer, weightBits, activationBits) => {
    return workloads[layer]!.macs * weightBits * activationBits
  })
}

/** Bytes of packed weights and int32 biases. */
export function sizeCosts(workloads: readonly Workload[]): CostTable {
  return buildCostTable(workloads.length, 'bytes', 0, (layer, weightBits) => {
    const { parameters, matmul, conv } = workloads[layer]!
    const outputs = matmul?.m ?? conv!.k
    return Math.ceil(((parameters - outputs) * weightBits) / 8) + 4 * outputs
  })
}

/**
 * Latency as fitted proxies predict it, per kernel.
 * @param overhead time outside the weighted layers, in the proxies' unit (measured pools, dispatch)
 * @throws AppError proxy.kernelMissing naming the layer; proxy.invalid when the proxies mix units.
 */
export function proxyCosts(
  workloads: readonly Workload[],
  proxies: ReadonlyMap<KernelName, Proxy>,
  overhead = 0
): CostTable {
  const pairs = bitWidths.flatMap((weightBits) =>
    bitWidths.map((activationBits) => [weightBits, activationBits] as const)
  )
  const layers = workloads.flatMap((workload) =>
    pairs.map(([weightBits, activationBits]) => proxyLayer(workload, weightBits, activationBits))
  )
  const predicted = predictNetwork(layers, { proxies })
  let at = 0
  return buildCostTable(workloads.length, predicted.unit, overhead, () => predicted.layers[at++]!.time)
}

/** A weighted layer as the proxies' shape columns (proxy/kernels.ts). */
export function proxyLayer(workload: Workload, weightBits: Bits, activationBits: Bits): NetworkLayer {
  const bits = { name: workload.layer, weightBits, activationBits }
  if (workload.matmul !== null) {
    const { n, m, k } = workload.matmul
    return { ...bits, kernel: 'matmul', dims: [n, m, k] }
  }
  const { h, w, c, k, ksH, ksW, strideH, strideW } = workload.conv!
  // The columns know one side and one stride; unequal ones are replaced by squares of equal area.
  const side = Math.sqrt(ksH * ksW)
  const stride = Math.sqrt(strideH * strideW)
  if (workload.kernel === 'depthwise') return { ...bits, kernel: 'dwconv2d', dims: [h, w, c, side, stride] }
  return { ...bits, kernel: 'conv2d', dims: [h, w, c, k, side, stride] }
}
