import { callsOf } from '../../core/deploy/kernelCalls'
import { operatorCost, type MeasuredCall } from '../../core/deploy/operatorCost'
import type { Workload } from '../../core/model/workload'
import type { BenchItem } from '../../core/profile/kernelShape'
import { proxyKernel, toColumns } from '../../core/profile/proxyRows'
import type { KernelName as ProxyKernelName } from '../../core/proxy/kernels'
import type { Proxy } from '../../core/proxy/proxy'
import { shapeRows } from '../../core/proxy/samples'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { proxyCosts } from '../../core/search/costModels'
import type { CostTable } from '../../core/search/costTable'

/**
 * Cost of whole networks on one board: inner products by the fitted proxies, the other operators by what was measured.
 * Search asks for a table over all bit pairs, deploying for the layers of one scheme.
 */
export interface NetworkCost {
  /** @throws proxy.kernelMissing naming the kernel that has no proxy */
  table(network: QuantizedNetwork, workloads: readonly Workload[], target: CostTarget): Promise<CostTable>
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
    async table(network, workloads, target) {
      const measured = await deps.operatorSamples(target.boardId, target.unit)
      let overhead = 0
      for (const layer of network.layers) overhead += others(callsOf(layer)?.others ?? [], measured) ?? 0
      return proxyCosts(workloads, target.proxies, overhead)
    }
  }
}

function predictOne(proxy: Proxy, item: BenchItem): number {
  const rows = shapeRows(proxy.kernel, [
    { dims: toColumns(item), activationBits: item.activationBits, weightBits: item.weightBits }
  ])
  return proxy.predict(rows)[0]!
}
