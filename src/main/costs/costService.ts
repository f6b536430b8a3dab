import type { MeasuredCall } from '../../core/deploy/operatorCost'
import type { RecurrentWork, Workload } from '../../core/model/workload'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import type { Bits } from '../../core/quant/scheme'
import type { BoardInfo } from '../../core/board/boardInfo'
import type { CostKind } from '../../shared/contract/search'
import type { Quantity } from '../../shared/vocabulary'
import { costTarget, type CostTargetDeps } from './costTarget'
import { int8Network, type NetworkSource } from './int8Network'
import { searchCost, type PricedBy, type SearchCostDeps } from './searchCosts'
import { createNetworkCost, type CostTarget, type PredictedNetwork } from './networkCost'

/** What the cost service is made from. */
export interface CostServiceDeps extends CostTargetDeps {
  models: NetworkSource & {
    workloads(modelId: string): Promise<Workload[]>
    recurrentWork(modelId: string): Promise<RecurrentWork[]>
  }
  /** Samples of operators without weights on a board, in the unit. */
  operatorSamples: (boardId: string, unit: CostTarget['unit']) => Promise<MeasuredCall[]>
  /** What is known of a board's kernels and RAM; connects it. */
  boardInfo: (boardId: string) => Promise<BoardInfo>
  /** What this copy's monitor says of itself; connects no board. */
  monitorInfo: () => Promise<BoardInfo>
}

/** What networks cost on boards: which proxies price a layer, on which measurements they lean. */
export interface CostService {
  /**
   * What a budget of a search counts, and the board that holds for.
   * @throws proxy.kernelMissing when the cost is `proxy` and a kernel of the model has none, search.invalid when
   * the cost does not know the widths
   */
  search(modelId: string, kind: CostKind, proxyId: string | null, widths: readonly Bits[]): Promise<PricedBy>
  /** Predicted latency (or energy, nJ) of one network per image; null where no proxy of the board exists. */
  predict(
    network: QuantizedNetwork,
    modelId: string,
    boardId: string,
    proxyId: string | null,
    quantity?: Quantity
  ): Promise<PredictedNetwork | null>
  /** What the present proxies predict of a model at all 1 and at all 8 bits, without calibration. */
  points(boardId: string, modelId: string): Promise<{ fewest: number | null; most: number | null }>
}

/** Named where no proxy names a board: it has every kernel. */
const anyBoard = 'virtual:high'

/** Returns what networks and schemes cost on a board. */
export function createCostService(deps: CostServiceDeps): CostService {
  const { models } = deps
  const networkCost = createNetworkCost(deps)
  const searchDeps: SearchCostDeps = {
    workloads: (modelId) => models.workloads(modelId),
    recurrentWork: (modelId) => models.recurrentWork(modelId),
    int8Network: (modelId) => int8Network(models, modelId),
    async predicted(modelId, proxyId, quantity) {
      const target = await costTarget(deps, { proxyId, boardId: null, modelId, quantity })
      const workloads = await models.workloads(modelId)
      const table = await networkCost.table(await int8Network(models, modelId), workloads, target)
      return { table, board: target.boardId }
    },
    async planBoard(proxyId) {
      const boardOf = (quantity: Quantity) =>
        costTarget(deps, { proxyId, boardId: null, modelId: null, quantity }).catch(() => null)
      const target = (await boardOf('latency')) ?? (await boardOf('energy'))
      // Where no proxy names a board none is connected: the monitor itself has every kernel.
      if (target === null) return { id: anyBoard, info: await deps.monitorInfo() }
      return { id: target.boardId, info: await deps.boardInfo(target.boardId) }
    }
  }
  return {
    search: (modelId, kind, proxyId, widths) => searchCost(searchDeps, modelId, kind, proxyId, widths),
    async predict(network, modelId, boardId, proxyId, quantity = 'latency') {
      const target = await costTarget(deps, { proxyId, boardId, modelId, quantity }).catch(() => null)
      return target === null ? null : await networkCost.layers(network, target)
    },
    async points(boardId, modelId) {
      const target = await costTarget(deps, { proxyId: null, boardId, modelId: null })
      return await networkCost.points(await int8Network(models, modelId), target)
    }
  }
}
