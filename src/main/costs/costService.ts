import type { MeasuredCall } from '../../core/deploy/operatorCost'
import type { Workload } from '../../core/model/workload'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { bopsCosts, sizeCosts } from '../../core/search/costModels'
import type { CostTable } from '../../core/search/costTable'
import type { CostKind } from '../../shared/contract/search'
import { costTarget, type CostTargetDeps } from './costTarget'
import { int8Network, type NetworkSource } from './int8Network'
import { createNetworkCost, type CostTarget, type PredictedNetwork } from './networkCost'

export interface CostServiceDeps extends CostTargetDeps {
  models: NetworkSource & { workloads(modelId: string): Promise<Workload[]> }
  /** Samples of operators without weights on a board, in the unit. */
  operatorSamples: (boardId: string, unit: CostTarget['unit']) => Promise<MeasuredCall[]>
}

/** What networks cost on boards: which proxies price a layer, on which measurements they lean. */
export interface CostService {
  /**
   * Cost of every layer at every bit pair.
   * @throws proxy.kernelMissing when the cost is `proxy` and a kernel of the model has none
   */
  table(modelId: string, kind: CostKind, proxyId: string | null): Promise<CostTable>
  /** Predicted cost of one network per image; null where no proxy of the board exists. */
  predict(
    network: QuantizedNetwork,
    modelId: string,
    boardId: string,
    proxyId: string | null
  ): Promise<PredictedNetwork | null>
  /** What the present proxies predict of a model at all 1 and at all 8 bits, without calibration. */
  points(boardId: string, modelId: string): Promise<{ fewest: number | null; most: number | null }>
}

export function createCostService(deps: CostServiceDeps): CostService {
  const { models } = deps
  const networkCost = createNetworkCost(deps)
  return {
    async table(modelId, kind, proxyId) {
      const workloads = await models.workloads(modelId)
      if (kind === 'bops') return bopsCosts(workloads)
      if (kind === 'size') return sizeCosts(workloads)
      const target = await costTarget(deps, { proxyId, boardId: null, modelId })
      return await networkCost.table(await int8Network(models, modelId), workloads, target)
    },
    async predict(network, modelId, boardId, proxyId) {
      const target = await costTarget(deps, { proxyId, boardId, modelId }).catch(() => null)
      return target === null ? null : await networkCost.layers(network, target)
    },
    async points(boardId, modelId) {
      const target = await costTarget(deps, { proxyId: null, boardId, modelId: null })
      return await networkCost.points(await int8Network(models, modelId), target)
    }
  }
}
