import { callsOf } from '../../core/deploy/kernelCalls'
import { operatorCost, type MeasuredCall } from '../../core/deploy/operatorCost'
import type { BenchItem } from '../../core/profile/kernelShape'
import { proxyKernel, toColumns } from '../../core/profile/proxyRows'
import type { KernelName as ProxyKernelName } from '../../core/proxy/kernels'
import type { Proxy } from '../../core/proxy/proxy'
import { shapeRows } from '../../core/proxy/samples'
import { isWeighted, type QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { buildCostTable, type CostTable } from '../../core/search/costTable'
import { AppError } from '../../shared/errors'

/**
 * Cost of whole networks on one board: inner products by the fitted proxies, the other operators by what was measured.
 * Search asks for a table over all bit pairs, deploying for the layers of one scheme.
 */
export interface NetworkCost {
  /** @throws proxy.kernelMissing naming the kernel that has no proxy */
  table(network: QuantizedNetwork, target: CostTarget): Promise<CostTable>
  /** Null for layers that cannot be told. */
  layers(network: QuantizedNetwork, target: CostTarget): Promise<(number | null)[]>
}

export interface CostTarget {
  boardId: string
  unit: 'cycles' | 'instructions'
  proxies: ReadonlyMap<ProxyKernelName, Proxy>
}

export function createNetworkCost(deps: {
  /** Samples of operators without weights on a board, in the unit. */
  operatorSamples: (boardId: string, unit: CostTarget['unit']) => Promise<MeasuredCall[]>
}): NetworkCost {
  const others = (calls: readonly BenchItem[], measured: readonly MeasuredCall[]): number | null => {
    let sum = 0
    for (const call of calls) {
      const cost = operatorCost(call, measured)
      if (cost === null) return null
      sum += cost
    }
    return sum
  }
  return {
    async layers(network, target) {
      const measured = await deps.operatorSamples(target.boardId, target.unit)
      return network.layers.map((layer) => {
        const calls = callsOf(layer)
        if (calls === null) return null
        const rest = others(calls.others, measured)
        if (calls.inner === null || rest === null) return rest
        const proxy = target.proxies.get(proxyKernel(calls.inner.kernel))
        return proxy === undefined ? null : rest + predictOne(proxy, calls.inner)
      })
    },
    async table(network, target) {
      const measured = await deps.operatorSamples(target.boardId, target.unit)
      const weighted = network.layers.filter(isWeighted)
      let overhead = 0
      for (const layer of network.layers) overhead += others(callsOf(layer)?.others ?? [], measured) ?? 0
      return buildCostTable(weighted.length, target.unit, overhead, (index, weightBits, activationBits) => {
        const inner = callsOf(weighted[index]!)?.inner
        if (inner === null || inner === undefined) throw unpredictable(weighted[index]!.name)
        const kernel = proxyKernel(inner.kernel)
        const proxy = target.proxies.get(kernel)
        if (proxy === undefined) throw missing(kernel, target.boardId)
        return predictOne(proxy, { ...inner, weightBits, activationBits })
      })
    }
  }
}

function predictOne(proxy: Proxy, item: BenchItem): number {
  const rows = shapeRows(proxy.kernel, [
    { dims: toColumns(item), activationBits: item.activationBits, weightBits: item.weightBits }
  ])
  return proxy.predict(rows)[0]!
}

function missing(kernel: string, boardId: string): AppError {
  return new AppError(
    'proxy.kernelMissing',
    `No ${kernel} proxy is pinned for ${boardId}.`,
    `Profile ${kernel} on this board, fit a proxy on the Proxy page and pin it.`,
    { details: { kernel, boardId } }
  )
}

function unpredictable(layer: string): AppError {
  return new AppError(
    'model.unsupportedShape',
    `Layer ${layer} has a window that is not square; its latency cannot be measured or predicted.`,
    'Search with the cost BOPs or size instead.'
  )
}
